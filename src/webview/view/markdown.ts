import { html, nothing, type TemplateResult } from 'lit';
import { lexer, type MarkedToken, type Token } from 'marked';

/**
 * Markdown of models, drawn from the lexer's tokens alone: raw HTML is text, images are named and not loaded, and only web
 * addresses become links, which show where they lead.
 */

/** So deep is nested; what lies deeper is text. */
const deepest = 8;

const drawn = new Map<string, TemplateResult>();

/** The text drawn; remembered, for it is drawn again with every state. */
export function markdown(text: string): TemplateResult {
  const known = drawn.get(text);
  if (known) return known;
  if (drawn.size > 200) drawn.clear();
  const made = html`<div class="markdown">${blocks(text)}</div>`;
  drawn.set(text, made);
  return made;
}

function blocks(text: string): unknown {
  try {
    return lexer(text).map((token) => block(token, 0));
  } catch {
    // Nested too deep for the lexer.
    return html`<p class="as-it-is">${text}</p>`;
  }
}

const inside = (tokens: readonly Token[] | undefined, text: string, depth: number): unknown =>
  tokens && depth < deepest ? tokens.map((token) => inline(token, depth + 1)) : text;

function block(of: Token, depth: number): unknown {
  const token = of as MarkedToken;
  if (depth > deepest) return token.raw;
  switch (token.type) {
    case 'space':
    case 'def':
      return nothing;
    case 'heading':
      return html`<p class="heading">${inside(token.tokens, token.text, depth)}</p>`;
    case 'code':
      return html`<pre class="code"><code>${token.text}</code></pre>`;
    case 'blockquote':
      return html`<blockquote>${token.tokens.map((one) => block(one, depth + 1))}</blockquote>`;
    case 'list': {
      const items = token.items.map((item) => html`<li>${item.tokens.map((one) => block(one, depth + 1))}</li>`);
      return token.ordered
        ? html`<ol start=${Number(token.start) || 1}>
            ${items}
          </ol>`
        : html`<ul>
            ${items}
          </ul>`;
    }
    case 'table': {
      const cells = (row: typeof token.header, head: boolean): unknown =>
        row.map((cell) =>
          head
            ? html`<th>${inside(cell.tokens, cell.text, depth)}</th>`
            : html`<td>${inside(cell.tokens, cell.text, depth)}</td>`,
        );
      return html`<div class="table">
        <table>
          <tr>
            ${cells(token.header, true)}
          </tr>
          ${token.rows.map(
            (row) =>
              html`<tr>
                ${cells(row, false)}
              </tr>`,
          )}
        </table>
      </div>`;
    }
    case 'hr':
      return html`<hr />`;
    case 'paragraph':
      return html`<p>${inside(token.tokens, token.text, depth)}</p>`;
    case 'text':
      return inside(token.tokens, token.text, depth);
    default:
      return html`<p>${token.raw}</p>`;
  }
}

function inline(of: Token, depth: number): unknown {
  const token = of as MarkedToken;
  switch (token.type) {
    case 'text':
    case 'escape':
      return 'tokens' in token ? inside(token.tokens, token.text, depth) : token.text;
    case 'strong':
      return html`<strong>${inside(token.tokens, token.text, depth)}</strong>`;
    case 'em':
      return html`<em>${inside(token.tokens, token.text, depth)}</em>`;
    case 'del':
      return html`<del>${inside(token.tokens, token.text, depth)}</del>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'br':
      return html`<br />`;
    case 'image':
      return `[image: ${token.text}]`;
    case 'link':
      return link(token.href, token.text, inside(token.tokens, token.text, depth));
    default:
      return token.raw;
  }
}

function link(href: string, text: string, content: unknown): unknown {
  const address = URL.canParse(href) ? new URL(href) : undefined;
  // Anything else (a command, a file, a path) is no link.
  if (!address || !/^https?:$/.test(address.protocol)) return text === href ? text : html`${content} (${href})`;
  const shown = text === href ? nothing : html` <span class="target">(${address.href})</span>`;
  return html`<a href=${address.href} title=${address.href} rel="noreferrer">${content}</a>${shown}`;
}
