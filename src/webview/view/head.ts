import { html, nothing, type TemplateResult } from 'lit';
import type { PanelNotice, PanelPhase, PanelRun, PanelState } from '../../protocol.ts';
import { elapsed, type Page, passed } from '../page.ts';
import { icon, iconButton, links, scriptedMark, sign } from './parts.ts';

/** The run: its title, how it stands, its phases and what it took. */
export function runHead(page: Page, run: PanelRun): TemplateResult {
  const working = run.sign === 'working';
  const [action] = run.actions;
  return html`<section class="run" aria-labelledby="run-title">
    <div class="run-line">
      ${working ? icon('loading', 'ring') : nothing}${sign(run.sign)}
      <h1 id="run-title" tabindex="-1" title=${run.task}>${run.title}</h1>
      ${run.scripted ? scriptedMark() : nothing}
      <span class="time" aria-label="Time at work">${elapsed(passed(page.now, run))}</span>
      ${
        action === undefined
          ? nothing
          : action.intent.type === 'stop'
            ? iconButton('debug-stop', 'Stop the run', () => page.send(action.intent))
            : iconButton('debug-continue', 'Resume the run', () => page.send(action.intent))
      }
    </div>
    ${
      run.ended || run.elsewhere !== undefined
        ? html`<div class="run-word">
            <span class="word ${run.sign}">${run.word}</span
            >${run.reason === undefined ? nothing : html` · ${run.reason}`}
            ${run.hint === undefined ? nothing : html`<span class="muted">${run.hint}</span>`}
            ${run.elsewhere === undefined ? nothing : html`<span class="muted">${run.elsewhere}</span>`}
            ${links(page, run.actions.slice(1))}
          </div>`
        : nothing
    }
    ${phases(run.phases)} ${budget(page, run)}
  </section>`;
}

const phases = (all: readonly PanelPhase[]): TemplateResult =>
  html`<ol class="phases" aria-label="Phases">
    ${all.map(
      (phase) =>
        html`<li class=${phase.sign} aria-current=${phase.sign === 'working' ? 'step' : nothing}>
          ${sign(phase.sign)}<span title=${phase.summary}>${phase.label}</span
          ><span class="unseen">, ${phase.sign}</span>
        </li>`,
    )}
  </ol>`;

/** Numbers first, then the bar of what is nearest to its end. */
function budget(page: Page, run: PanelRun): TemplateResult {
  const ms = passed(page.now, run);
  const minutes = Math.floor(ms / 60_000);
  const parts = [
    ...run.spent.flatMap((one) => (one.part === undefined ? [] : [one.part])),
    run.minutes > 0 ? Math.min(1, ms / 60_000 / run.minutes) : 0,
  ];
  const most = Math.max(0, ...parts);
  const texts = [run.spent[0]?.text, `${minutes} of ${run.minutes} min`, ...run.spent.slice(1).map((one) => one.text)];
  return html`<div class="budget">
    <p aria-label="Budget">${texts.filter((text) => text !== undefined).join(' · ')}</p>
    <svg
      class="bar ${most >= 0.9 ? 'near' : ''}"
      viewBox="0 0 100 1"
      preserveAspectRatio="none"
      role="img"
      aria-label="${Math.round(most * 100)} percent of the budget"
    >
      <rect class="all" width="100" height="1"></rect>
      <rect class="part" width=${most * 100} height="1"></rect>
    </svg>
  </div>`;
}

/** Why nothing can be started here, or how to begin, and what to do. */
export function explanation(page: Page, of: NonNullable<PanelState['explanation']>): TemplateResult {
  return html`<section class="explanation" aria-labelledby="why-title">
    <h1 id="why-title">${of.title}</h1>
    <p>${of.text}</p>
    ${of.actions.map(
      (action, n) =>
        html`<vscode-button
          block
          ?secondary=${n > 0 || page.state.composer !== undefined}
          @click=${() => page.send(action.intent)}
          >${action.label}</vscode-button
        >`,
    )}
  </section>`;
}

/** What went wrong: what happened, to whom, what now. */
export const notices = (page: Page, all: readonly PanelNotice[]): TemplateResult | typeof nothing =>
  all.length === 0
    ? nothing
    : html`<ul class="notices" aria-label="Notices">
        ${all.map(
          (notice) =>
            html`<li class=${notice.level}>
              ${icon(notice.level)}
              <div>
                <p>${notice.text}</p>
                ${notice.hint === undefined ? nothing : html`<p class="muted">${notice.hint}</p>`}
                ${links(page, notice.actions)}
              </div>
              ${iconButton('close', 'Dismiss', () => page.send({ type: 'dismiss', notice: notice.id }))}
            </li>`,
        )}
      </ul>`;
