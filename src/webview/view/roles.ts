import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { repeat } from 'lit/directives/repeat.js';
import type { PanelCall, PanelRole, PanelRun } from '../../protocol.ts';
import { elapsed, type Page, passed } from '../page.ts';
import { markdown } from './markdown.ts';
import { links, scriptedMark, sign } from './parts.ts';

/** The key of a role's fold. */
export const roleKey = (run: PanelRun, role: PanelRole): string => `role ${run.id} ${role.role}`;

/** A row per role, in an order that never changes. Who works is open by itself. */
export function roleList(page: Page, run: PanelRun, isOpen: (role: PanelRole) => boolean): TemplateResult {
  const stop = page.stop(
    'roles',
    run.roles.map((role) => role.role),
  );
  return html`<section class="roles" aria-label="Team">
    <ul class="rows" data-list="roles">
      ${repeat(
        run.roles,
        (role) => role.role,
        (role) => row(page, run, role, isOpen(role), role.role === stop),
      )}
    </ul>
    ${run.leftOut.length === 0 ? nothing : html`<p class="aside muted">left out: ${run.leftOut.join('; ')}</p>`}
    ${run.notes.map((note) => html`<p class="aside muted">${note}</p>`)}
  </section>`;
}

function row(page: Page, run: PanelRun, role: PanelRole, open: boolean, isStop: boolean): TemplateResult {
  const ms = passed(page.now, role);
  const word = role.waitsFor === 'for you' ? 'waiting for you' : role.word;
  // Where there is little room the first half says enough: `3 found` of `3 found, 1 refuted`.
  const [short, more] = word.split(',');
  const lastNote = role.notes.at(-1);
  return html`<li class="row ${role.sign}">
    <button
      type="button"
      class="row-head"
      data-item=${role.role}
      tabindex=${isStop ? 0 : -1}
      aria-expanded=${open}
      title=${role.waitsFor === undefined ? nothing : waits(role.waitsFor)}
      @click=${() => page.fold(roleKey(run, role), !open)}
    >
      ${sign(role.sign)}
      <span class="name">${role.title}</span>
      <span class="model">${role.model}</span>
      <span class="word">${short}${more === undefined ? nothing : html`<span class="more">,${more}</span>`}</span>
      <span class="numbers">${role.numbers}</span>
      <span class="time">${ms > 0 || role.since !== undefined ? elapsed(ms) : ''}</span>
    </button>
    ${role.failure === undefined ? nothing : html`<p class="under failed">${role.failure}</p>`}
    ${open ? nothing : lastNote === undefined ? nothing : html`<p class="under muted clip" title=${lastNote}>${lastNote}</p>`}
    ${open ? inside(page, roleKey(run, role), role) : nothing}
  </li>`;
}

/** What it waits for, as a sentence. */
const waits = (what: string): string => (what.startsWith('for ') ? `It waits ${what}.` : what);

/** What roles wrote last, by key: who ends under the pointer keeps it until the pointer is gone. */
const written = new Map<string, string>();

function inside(page: Page, key: string, role: PanelRole): TemplateResult {
  const by = role.route === undefined ? '' : `by ${role.route}`;
  if (role.since !== undefined) written.set(key, role.tail || role.calls.at(-1)?.title || '');
  else if (!page.isHeld) written.delete(key);
  const text = written.get(key);
  return html`<div class="inside">
    ${
      by === '' && !role.scripted
        ? nothing
        : html`<p class="facts muted">
            ${by}${role.numbers === '' ? nothing : html`<span class="numbers"> · ${role.numbers}</span>`}
            ${role.scripted ? scriptedMark() : nothing}
          </p>`
    }
    ${role.notes.map((note) => html`<p class="muted">${note}</p>`)}
    ${role.waitsFor === undefined ? nothing : html`<p class="muted">${waits(role.waitsFor)}</p>`}
    ${text !== undefined ? tail(page, key, role, text) : role.said === undefined ? nothing : markdown(role.said)}
    ${
      role.calls.length > 1
        ? html`<ul class="calls" aria-label="Calls">
            ${role.calls.map((call) => callLine(page, call))}
          </ul>`
        : nothing
    }
    ${links(page, role.actions)}
  </div>`;
}

/** So many lines are laid out while nobody looks closer: with many roles at once all of them would be most of the work. */
const fewLines = 24;

/** The live text: one text node, held at its end by the layout. All of it is there as soon as the pointer or the focus is in it. */
function tail(page: Page, key: string, role: PanelRole, text: string): TemplateResult {
  const element = tails.get(key);
  const isRead = element !== undefined && (element.scrollTop < 0 || element.matches(':hover, :focus'));
  return html`<div
    class="tail"
    role="log"
    aria-live="off"
    aria-label="What ${role.title} writes"
    tabindex="0"
    @pointerenter=${page.draw}
    @focus=${page.draw}
    ${ref((of) => {
      if (of) tails.set(key, of);
      else tails.delete(key);
    })}
  >
    <pre .textContent=${isRead ? text : lastLines(text, fewLines)}></pre>
  </div>`;
}

const tails = new Map<string, Element>();

function lastLines(text: string, most: number): string {
  let from = text.length;
  for (let n = 0; n < most && from > 0; n++) from = text.lastIndexOf('\n', from - 1);
  return from > 0 ? text.slice(from + 1) : text;
}

const callLine = (page: Page, call: PanelCall): TemplateResult =>
  html`<li>
    ${sign(call.sign)}<span class="clip" title=${call.title}>${call.title}</span>
    <span class="unseen">${call.sign}</span>
    <span class="time">${elapsed(passed(page.now, call))}</span>
  </li>`;
