import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { PanelAction, PanelTeam, PanelWant } from '../../protocol.ts';
import type { Page } from '../page.ts';
import { icon, links } from './parts.ts';

/** A question that came a moment ago is not answered by a click that was meant for what stood there before. */
const tooSoonMs = 500;

const firstSeen = new Map<string, number>();
const answered = new Set<string>();

/** What wants the person: first of all, and alone in the accent colour. */
export function wantList(page: Page, wants: readonly PanelWant[]): TemplateResult | typeof nothing {
  const ids = new Set(wants.map((want) => want.id));
  for (const id of firstSeen.keys()) if (!ids.has(id)) firstSeen.delete(id);
  for (const id of answered) if (!ids.has(id)) answered.delete(id);
  if (wants.length === 0) return nothing;
  return html`<section
    class="wants"
    aria-label=${wants.length === 1 ? 'It needs you' : `${wants.length} things need you`}
    tabindex="-1"
  >
    ${repeat(
      wants,
      (want) => want.id,
      (want, n) => one(page, want, n),
    )}
  </section>`;
}

function one(page: Page, want: PanelWant, n: number): TemplateResult {
  if (!firstSeen.has(want.id)) firstSeen.set(want.id, performance.now());
  const sent = answered.has(want.id);
  const press = (action: PanelAction) => (event: MouseEvent) => {
    const age = performance.now() - (firstSeen.get(want.id) ?? 0);
    if (sent || event.detail > 1 || age < tooSoonMs) return;
    if (want.kind !== 'resume' && want.kind !== 'review') answered.add(want.id);
    page.send(action.intent);
    page.draw();
  };
  return html`<article class="want" aria-labelledby="want-${n}">
    <p class="want-text" id="want-${n}">${icon('triangle-up', 'want-sign')}<span>${want.text}</span></p>
    ${want.detail === undefined || want.detail === '' ? nothing : html`<p>${want.detail}</p>`}
    ${want.exact === undefined ? nothing : exact(want.exact)} ${want.team === undefined ? nothing : team(want.team)}
    <div class="answers">
      ${want.answers.map(
        (action, nth) =>
          html`<vscode-button ?secondary=${nth > 0} ?disabled=${sent} @click=${press(action)}
            >${action.label}</vscode-button
          >`,
      )}
      ${links(page, want.links)} ${want.where === undefined ? nothing : html`<span class="muted">${want.where}</span>`}
    </div>
  </article>`;
}

/** The whole command or diff, blank for blank. */
function exact(of: NonNullable<PanelWant['exact']>): TemplateResult {
  const label = of.kind === 'diff' ? 'The diff' : of.kind === 'command' ? 'The command' : 'What it asks';
  return html`<pre class="exact ${of.kind}" tabindex="0" role="region" aria-label=${label}>
${of.kind === 'diff' ? diffLines(of.text) : of.text}</pre>
    ${of.cut > 0 ? html`<p class="muted">${of.cut} more lines</p>` : nothing}`;
}

/** Each line as what it is; before the first place stands what names the file. */
function diffLines(text: string): TemplateResult[] {
  let named = true;
  return text.split('\n').map((line) => {
    if (line.startsWith('diff --git ')) named = true;
    else if (line.startsWith('@@ ')) named = false;
    const kind = named
      ? 'name'
      : line.startsWith('+')
        ? 'added'
        : line.startsWith('-')
          ? 'removed'
          : line.startsWith('@@ ')
            ? 'place'
            : '';
    return html`<span class="line ${kind}">${line} </span>`;
  });
}

function team(of: PanelTeam): TemplateResult {
  return html`${of.why === '' ? nothing : html`<p class="muted">${of.why}</p>`}
    <ul class="members" aria-label="The team">
      ${of.members.map(
        (member) =>
          html`<li>
            <span class="name">${member.role}</span> <span class="muted">${member.model}</span>
            ${member.note === '' ? nothing : html`<span class="note">${member.note}</span>`}
          </li>`,
      )}
      ${of.leftOut.map((why) => html`<li class="muted">left out: ${why}</li>`)}
    </ul>
    ${of.forecast === '' ? nothing : html`<p>Forecast: ${of.forecast}</p>`}`;
}
