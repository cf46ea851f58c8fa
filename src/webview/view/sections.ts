import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FromPanel, PanelEarlier, PanelFinding, PanelMessage, PanelRun, PanelState } from '../../protocol.ts';
import type { Page } from '../page.ts';
import { markdown } from './markdown.ts';
import { icon, iconButton, links, scriptedMark, section, sign } from './parts.ts';

/** The plan in a line; the whole of it is a document. */
export function planLine(page: Page, run: PanelRun): TemplateResult | typeof nothing {
  const { plan } = run;
  if (!plan) return nothing;
  return html`<section class="plan" aria-label="Plan">
    <p><strong>Plan</strong> <span class="muted">${plan.words}</span> ${links(page, plan.actions)}</p>
    <p class="muted">${plan.goal}</p>
  </section>`;
}

/** What the analysts and reviewers found. */
export function findingList(page: Page, run: PanelRun): TemplateResult | typeof nothing {
  const { findings } = run;
  if (findings.length === 0) return nothing;
  const refuted = findings.filter((finding) => finding.check === 'refuted').length;
  const count = `${findings.length + run.findingsMore}${refuted > 0 ? `, ${refuted} refuted` : ''}`;
  return section(page, { key: 'findings', title: 'Findings', count }, () => {
    const stop = page.stop(
      'findings',
      findings.map(({ id }) => id),
    );
    return html`<ul class="items" data-list="findings">
        ${repeat(
          findings,
          ({ id }) => id,
          (finding) => findingItem(page, run, finding, finding.id === stop),
        )}
      </ul>
      ${run.findingsMore === 0 ? nothing : html`<p class="aside muted">${run.findingsMore} more ${links(page, [{ label: 'Read all', intent: { type: 'read', run: run.id, what: 'findings' } }])}</p>`}`;
  });
}

function findingItem(page: Page, run: PanelRun, finding: PanelFinding, isStop: boolean): TemplateResult {
  const key = `finding ${run.id} ${finding.id}`;
  const open = page.isOpen(key, false);
  const places = finding.places.map((place) => ({
    label: place.line === undefined ? place.path : `${place.path}:${place.line}`,
    intent: { type: 'file', run: run.id, ...place } as FromPanel,
  }));
  return html`<li class="item">
    <button
      type="button"
      class="item-head"
      data-item=${finding.id}
      tabindex=${isStop ? 0 : -1}
      aria-expanded=${open}
      @click=${() => page.fold(key, !open)}
    >
      <span class="severity ${finding.severity}">${finding.severity}</span>
      <span class="claim ${finding.check}">${finding.claim}</span>
      <span class="muted by">${finding.by}${finding.check === 'unchecked' ? '' : ` · ${finding.check}`}</span>
    </button>
    ${
      open
        ? html`<div class="inside">
            ${finding.problem === undefined ? nothing : html`<p>${finding.problem}</p>`}
            ${finding.detail === '' ? nothing : markdown(finding.detail)}
            ${
              finding.suggestion === undefined
                ? nothing
                : html`<p class="muted">Suggested:</p>
                    ${markdown(finding.suggestion)}`
            }
            ${links(page, places)}
          </div>`
        : nothing
    }
  </li>`;
}

/** Messages of the team, and the box to say something to it. */
export function bus(page: Page, run: PanelRun): TemplateResult | typeof nothing {
  const { messages, listeners } = run;
  if (messages.length === 0 && listeners.length === 0) return nothing;
  const list =
    messages.length === 0
      ? nothing
      : section(page, { key: 'bus', title: 'Messages', count: String(messages.length + run.messagesMore) }, () => {
          const stop = page.stop(
            'bus',
            messages.map(({ seq }) => String(seq)),
          );
          return html`${
              run.messagesMore === 0
                ? nothing
                : html`<p class="aside muted">
                    ${run.messagesMore} before these
                    ${links(page, [{ label: 'Read all', intent: { type: 'read', run: run.id, what: 'messages' } }])}
                  </p>`
            }
            <ul class="items" data-list="bus">
              ${repeat(
                messages,
                ({ seq }) => seq,
                (message) => messageItem(page, run, message, String(message.seq) === stop),
              )}
            </ul>`;
        });
  return html`${list} ${listeners.length === 0 ? nothing : sayBox(page, run)}`;
}

function messageItem(page: Page, run: PanelRun, message: PanelMessage, isStop: boolean): TemplateResult {
  const key = `message ${run.id} ${message.seq}`;
  const open = page.isOpen(key, false);
  return html`<li class="item">
    <button
      type="button"
      class="item-head"
      data-item=${message.seq}
      tabindex=${isStop ? 0 : -1}
      aria-expanded=${open}
      @click=${() => page.fold(key, !open)}
    >
      <span class="route-line"
        ><span class="name">${message.from}</span> ${icon('arrow-small-right')}<span class="unseen"> to </span
        ><span>${message.to}</span></span
      >
      <span class="claim">${message.subject}</span>
      <span class="muted by">${message.kind}</span>
    </button>
    ${open ? html`<div class="inside">${markdown(message.body)}</div>` : nothing}
  </li>`;
}

function sayBox(page: Page, run: PanelRun): TemplateResult {
  const { kept } = page;
  const known = run.listeners.some(({ role }) => role === kept.sayTo);
  const send = (event: Event): void => {
    event.preventDefault();
    const text = kept.say.trim();
    if (text === '') return;
    page.send({ type: 'say', run: run.id, text, ...(known && { to: kept.sayTo }) });
    page.keep({ say: '' });
  };
  return html`<form class="say" aria-label="Say something to the team" @submit=${send}>
    <select
      aria-label="To"
      .value=${known ? kept.sayTo : ''}
      @change=${(event: Event) => page.keep({ sayTo: (event.target as HTMLSelectElement).value })}
    >
      <option value="" ?selected=${!known}>to all</option>
      ${run.listeners.map(({ role, title }) => html`<option value=${role} ?selected=${role === kept.sayTo}>to ${title}</option>`)}
    </select>
    <input
      type="text"
      aria-label="Message"
      placeholder="Say something …"
      maxlength="8000"
      .value=${kept.say}
      @input=${(event: Event) => page.keep({ say: (event.target as HTMLInputElement).value })}
    />
    <button type="submit" class="icon-button" title="Send" aria-label="Send" ?disabled=${kept.say.trim() === ''}>
      ${icon('send')}
    </button>
  </form>`;
}

/** Runs that are over, or that nobody goes on with. */
export function earlierRuns(page: Page, state: PanelState): TemplateResult | typeof nothing {
  const { earlier, earlierMore } = state;
  if (earlier.length === 0) return nothing;
  const byItself = state.run === undefined;
  return section(
    page,
    { key: 'earlier', title: 'Earlier runs', count: String(earlier.length + earlierMore), byItself },
    () => {
      const stop = page.stop(
        'earlier',
        earlier.map(({ id }) => id),
      );
      return html`<ul class="items" data-list="earlier">
          ${repeat(
            earlier,
            ({ id }) => id,
            (run) => earlierItem(page, run, run.id === stop),
          )}
        </ul>
        ${earlierMore === 0 ? nothing : html`<p class="aside">${links(page, [{ label: `${earlierMore} more`, intent: { type: 'host', action: 'all-runs' } }])}</p>`}`;
    },
  );
}

function earlierItem(page: Page, run: PanelEarlier, isStop: boolean): TemplateResult {
  const resume = run.actions[0];
  return html`<li class="earlier-run">
    <button
      type="button"
      class="row-head"
      data-item=${run.id}
      tabindex=${isStop ? 0 : -1}
      title=${run.problem ?? nothing}
      @click=${() => page.send({ type: 'show', run: run.id })}
    >
      ${sign(run.sign)}<span class="name clip">${run.title}</span>
      ${run.scripted ? scriptedMark() : nothing}
      <span class="word">${run.word}</span>
      <span class="time">${when(run.when, page.now)}</span>
    </button>
    ${resume === undefined ? nothing : iconButton('debug-continue', `Resume “${run.title}”`, () => page.send(resume.intent), isStop)}
  </li>`;
}

/** The time of today, else the day. */
function when(iso: string, now: number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const today = new Date(now).toDateString() === date.toDateString();
  return today
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { month: 'short', day: 'numeric' });
}
