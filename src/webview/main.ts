import { html, nothing, render, type TemplateResult } from 'lit';
import type { FromPanel, PanelRole, PanelState, ToPanel } from '../protocol.ts';
import { aloud, type Heard } from './aloud.ts';
import { recall, remember, takeDraft, vscode } from './memory.ts';
import type { Page } from './page.ts';
import { listenForKeys, stopOf } from './roving.ts';
import { settled, type Still, stillOf } from './still.ts';
import { composer } from './view/composer.ts';
import { explanation, notices, runHead } from './view/head.ts';
import { review } from './view/review.ts';
import { roleKey, roleList } from './view/roles.ts';
import { bus, earlierRuns, findingList, planLine } from './view/sections.ts';
import { wantList } from './view/wants.ts';

/** The page of the team panel: it draws the last state that it was sent, and sends what the person wants. */

const root = document.querySelector<HTMLElement>('#panel');
if (!root) throw new Error('The page has no place for the panel.');
const place = root;

const kept = recall();
let state: PanelState | undefined;
/** The host's clock less ours. */
let ahead = 0;
let drawing = false;
let looked = '';
/** Roles that are open by themselves; none folds while the pointer or the focus is among the rows. */
const opened = new Map<string, boolean>();
const spoken = { text: '', heard: undefined as Heard | undefined };

/** How often the ring of a run that goes on turns by an eighth, in milliseconds. */
const turnMs = 250;

const send = (intent: FromPanel): void => vscode.postMessage(intent);

function draw(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (state) drawNow(state);
  });
}

function pageOf(now: PanelState, isHeld: boolean): Page {
  return {
    state: now,
    isHeld,
    kept,
    now: Date.now() + ahead,
    send,
    draw,
    keep(change) {
      Object.assign(kept, change);
      remember(kept);
      draw();
    },
    isOpen: (key, byItself) => kept.folds[key] ?? byItself,
    fold(key, open) {
      kept.folds[key] = open;
      remember(kept);
      draw();
    },
    stop: stopOf,
  };
}

function drawNow(now: PanelState): void {
  const still: Still = stillOf(place);
  const page = pageOf(now, still.isHeld);
  openByThemselves(now, still.isHeld);
  const { heard, text } = aloud(now, spoken.heard);
  spoken.heard = heard;
  spoken.text = text ?? spoken.text;
  render(whole(page), place);
  settled(place, still);
  lookAt(now);
}

function whole(page: Page): TemplateResult {
  const { state: now } = page;
  const { run } = now;
  return html`<div class="top">
      ${now.explanation === undefined || now.composer ? nothing : explanation(page, now.explanation)}
      ${now.composer === undefined ? nothing : composer(page, now.composer)} ${notices(page, now.notices)}
      ${run === undefined ? nothing : runHead(page, run)} ${wantList(page, now.wants)}
    </div>
    <div class="rest">
      ${now.explanation && now.composer ? explanation(page, now.explanation) : nothing}
      ${
        run === undefined
          ? nothing
          : html`${roleList(page, run, (role) => isOpen(run, role))} ${planLine(page, run)} ${review(page, run)}
            ${findingList(page, run)} ${bus(page, run)}`
      }
      ${earlierRuns(page, now)}
    </div>
    <div class="unseen" role="status" aria-live="polite">${spoken.text}</div>`;
}

const isOpen = (run: NonNullable<PanelState['run']>, role: PanelRole): boolean => {
  const key = roleKey(run, role);
  return kept.folds[key] ?? opened.get(key) ?? false;
};

function openByThemselves({ run }: PanelState, isHeld: boolean): void {
  if (!run) return;
  for (const role of run.roles) {
    const key = roleKey(run, role);
    // Opening pushes nothing away from under the pointer (see still.ts); folding could.
    opened.set(key, role.since !== undefined || (isHeld && opened.get(key) === true));
  }
}

/** Puts the caret behind what stands in the box. */
function writeOn(): void {
  const box = place.querySelector<HTMLTextAreaElement>('#task');
  box?.focus();
  box?.setSelectionRange(box.value.length, box.value.length);
}

/** Tells the host whose live text is on the screen. */
function lookAt({ run }: PanelState): void {
  const roles =
    run?.roles.filter((role) => role.since !== undefined && isOpen(run, role)).map(({ role }) => role) ?? [];
  const now = roles.join('\n');
  if (now === looked) return;
  looked = now;
  send({ type: 'look', roles });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = event.data as ToPanel | undefined;
  if (message?.type !== 'state') return;
  state = message.state;
  ahead = state.now - Date.now();
  const isToWrite = takeDraft(kept, state);
  draw();
  if (isToWrite) requestAnimationFrame(writeOn);
});
// What folds by itself does so when nobody is in the way any more.
place.addEventListener('pointerleave', draw);
place.addEventListener('focusout', draw);
listenForKeys(
  place,
  (key, open) => {
    kept.folds[key] = open;
    remember(kept);
    draw();
  },
  draw,
);
setInterval(() => {
  if (state?.run?.since !== undefined || state?.run?.roles.some((role) => role.since !== undefined)) draw();
}, 1000);
// An animation would make the whole window paint sixty times a second for as long as a run goes on.
setInterval(() => {
  const ring = place.querySelector<HTMLElement>('.ring');
  if (ring) ring.style.rotate = `${(Math.floor(Date.now() / turnMs) % 8) * 45}deg`;
}, turnMs);
send({ type: 'ready' });
