import '@vscode-elements/elements/dist/vscode-button/index.js';
import { html, nothing, type TemplateResult } from 'lit';
import type { PanelAction, Sign } from '../../protocol.ts';
import type { Page } from '../page.ts';

/** Small parts that every section is made of. */

const icons: Record<Sign, string> = {
  waiting: 'circle-outline',
  working: 'circle-filled',
  done: 'check',
  checked: 'pass-filled',
  failed: 'error',
  moved: 'arrow-swap',
  stopped: 'debug-stop',
};

/** A codicon that says nothing to a screen reader. */
export const icon = (name: string, more = ''): TemplateResult =>
  html`<span class="codicon codicon-${name} ${more}" aria-hidden="true"></span>`;

/** The sign of a state; the word beside it is what is read out. */
export const sign = (of: Sign): TemplateResult => icon(icons[of], `sign ${of}`);

/** Actions as links in a line of text. */
export function links(page: Page, actions: readonly PanelAction[]): TemplateResult | typeof nothing {
  if (actions.length === 0) return nothing;
  return html`<span class="links">
    ${actions.map(
      (action) =>
        html`<button type="button" class="link" @click=${() => page.send(action.intent)}>${action.label}</button>`,
    )}
  </span>`;
}

/** An icon that can be pressed. In a list with one tab stop only the buttons of that item are reached by Tab. */
export const iconButton = (name: string, label: string, press: () => void, isReached = true): TemplateResult =>
  html`<button
    type="button"
    class="icon-button"
    title=${label}
    aria-label=${label}
    tabindex=${isReached ? 0 : -1}
    @click=${press}
  >
    ${icon(name)}
  </button>`;

/** A section with a heading that folds it. `count` stands behind its name. */
export function section(
  page: Page,
  of: { key: string; title: string; count?: string; byItself?: boolean; aside?: TemplateResult | typeof nothing },
  content: () => TemplateResult,
): TemplateResult {
  const open = page.isOpen(of.key, of.byItself ?? false);
  return html`<section class="section" aria-labelledby="h-${of.key}">
    <div class="section-head">
      <h2 id="h-${of.key}">
        <button type="button" class="fold" aria-expanded=${open} @click=${() => page.fold(of.key, !open)}>
          ${icon(open ? 'chevron-down' : 'chevron-right')}<span>${of.title}</span>
          ${of.count === undefined ? nothing : html`<span class="count">${of.count}</span>`}
        </button>
      </h2>
      ${of.aside ?? nothing}
    </div>
    ${open ? html`<div class="section-body">${content()}</div>` : nothing}
  </section>`;
}

/** The mark of models that are played from a script. */
export const scriptedMark = (): TemplateResult =>
  html`<span class="mark" title="These models are played from a script; nothing was asked of a real one."
    >scripted</span
  >`;
