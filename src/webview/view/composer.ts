import { html, nothing, type TemplateResult } from 'lit';
import type { PanelCompletion, PanelComposer } from '../../protocol.ts';
import type { Page } from '../page.ts';
import { icon } from './parts.ts';

/** What the box itself is doing: nothing of it outlives the page. */
const box = {
  /** Text after the `@` under the caret, and where it begins. */
  mention: undefined as { query: string; from: number } | undefined,
  chosen: 0,
  budgetOpen: false,
  /** It has its full size: it was used since the run began. */
  used: false,
  starting: undefined as string | undefined,
};

/** The box for the task, with team and budget. While a run goes on it is small until it is used. */
export function composer(page: Page, of: PanelComposer): TemplateResult {
  const { kept, state } = page;
  settleStart(page, of);
  const quiet = state.run !== undefined && !state.run.ended && !box.used && kept.task === '';
  const items = itemsOf(page);
  const start = (): void => begin(page, of);
  return html`<form
    class="composer ${quiet ? 'quiet' : ''}"
    aria-label="Task"
    @submit=${(event: Event) => {
      event.preventDefault();
      start();
    }}
  >
    <div class="box">
      <textarea
        id="task"
        rows=${quiet ? 1 : 3}
        aria-label="What should the team do?"
        placeholder="What should the team do?  @ names a file"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded=${items.length > 0}
        aria-controls="mentions"
        aria-activedescendant=${items.length > 0 ? `mention-${box.chosen}` : nothing}
        .value=${kept.task}
        @focus=${() => {
          if (!box.used) {
            box.used = true;
            page.draw();
          }
        }}
        @input=${(event: Event) => typed(page, event.target as HTMLTextAreaElement)}
        @click=${(event: Event) => look(page, event.target as HTMLTextAreaElement)}
        @keydown=${(event: KeyboardEvent) => keys(page, event, items, start)}
        @blur=${() => {
          box.mention = undefined;
          page.draw();
        }}
      ></textarea>
      ${items.length === 0 ? nothing : mentions(page, items)}
    </div>
    ${quiet ? nothing : options(page, of)}
  </form>`;
}

function options(page: Page, of: PanelComposer): TemplateResult {
  const { kept } = page;
  const team = of.teams.includes(kept.team ?? '') ? kept.team : of.team;
  const calls = kept.calls ?? of.budget.calls;
  const minutes = kept.minutes ?? of.budget.minutes;
  const chosen = (event: Event): string => (event.target as HTMLSelectElement).value;
  // What cannot be is put back to what the team file says, in the field too.
  const number = ({ target }: Event, usual: number): number => {
    const input = target as HTMLInputElement;
    const value = Number(input.value);
    const taken = Number.isInteger(value) && value > 0 && value <= 100_000 ? value : usual;
    input.value = String(taken);
    return taken;
  };
  const wanted = page.state.wants.length > 0;
  return html`<div class="options">
      ${
        of.folders.length === 0
          ? nothing
          : html`<select aria-label="Folder" @change=${(event: Event) => page.keep({ root: chosen(event) })}>
              ${of.folders.map(({ root, name }) => html`<option value=${root} ?selected=${root === (kept.root ?? of.folder)}>${name}</option>`)}
            </select>`
      }
      ${
        of.teams.length < 2
          ? nothing
          : html`<select aria-label="Team" @change=${(event: Event) => page.keep({ team: chosen(event) })}>
              ${of.teams.map((name) => html`<option value=${name} ?selected=${name === team}>${name}</option>`)}
            </select>`
      }
      <button
        type="button"
        class="chooser"
        aria-expanded=${box.budgetOpen}
        aria-controls="budget-choice"
        title="Budget"
        @click=${() => {
          box.budgetOpen = !box.budgetOpen;
          page.draw();
        }}
      >
        <span>${calls} calls · ${minutes} min</span>${icon('chevron-down')}
      </button>
      <vscode-button
        class="start"
        ?secondary=${wanted}
        ?disabled=${kept.task.trim() === '' || box.starting !== undefined}
        title="Start (Ctrl+Enter)"
        @click=${() => begin(page, of)}
      >
        ${box.starting === undefined ? 'Start' : 'Starting …'}
      </vscode-button>
    </div>
    ${
      box.budgetOpen
        ? html`<div class="budget-choice" id="budget-choice" role="group" aria-label="Budget">
            <label
              >Calls
              <input
                type="number"
                min="1"
                max="100000"
                .value=${String(calls)}
                @change=${(event: Event) => page.keep({ calls: number(event, of.budget.calls) })}
            /></label>
            <label
              >Minutes
              <input
                type="number"
                min="1"
                max="100000"
                .value=${String(minutes)}
                @change=${(event: Event) => page.keep({ minutes: number(event, of.budget.minutes) })}
            /></label>
          </div>`
        : nothing
    }`;
}

function mentions(page: Page, items: readonly PanelCompletion[]): TemplateResult {
  return html`<ul class="mentions" id="mentions" role="listbox" aria-label="Files and symbols">
    ${items.map(
      (item, n) =>
        html`<li
          id="mention-${n}"
          role="option"
          aria-selected=${n === box.chosen}
          @mousedown=${(event: Event) => {
            event.preventDefault();
            take(page, item);
          }}
        >
          ${icon(item.kind === 'symbol' ? 'symbol-method' : item.kind === 'folder' ? 'folder' : 'file')}
          <span class="clip">${item.label}</span><span class="muted clip">${item.detail}</span>
        </li>`,
    )}
  </ul>`;
}

function itemsOf(page: Page): readonly PanelCompletion[] {
  const { completions } = page.state;
  if (box.mention === undefined || completions?.query !== box.mention.query) return [];
  box.chosen = Math.min(box.chosen, Math.max(0, completions.items.length - 1));
  return completions.items;
}

function typed(page: Page, area: HTMLTextAreaElement): void {
  page.keep({ task: area.value });
  look(page, area);
}

/** Looks for an `@` before the caret, and asks the host what it could mean. */
function look(page: Page, area: HTMLTextAreaElement): void {
  const before = area.value.slice(0, area.selectionStart);
  const query = area.selectionStart === area.selectionEnd ? /(?:^|\s)@([^\s@]{0,200})$/.exec(before)?.[1] : undefined;
  const mention = query === undefined ? undefined : { query, from: before.length - query.length };
  if (mention?.query === box.mention?.query && mention?.from === box.mention?.from) return;
  box.mention = mention;
  box.chosen = 0;
  if (mention) page.send({ type: 'complete', query: mention.query });
  page.draw();
}

function take(page: Page, item: PanelCompletion): void {
  const area = document.querySelector<HTMLTextAreaElement>('#task');
  if (!area || !box.mention) return;
  const { from, query } = box.mention;
  const text = `${area.value.slice(0, from)}${item.insert} ${area.value.slice(from + query.length)}`;
  const caret = from + item.insert.length + 1;
  box.mention = undefined;
  page.keep({ task: text });
  area.value = text;
  area.setSelectionRange(caret, caret);
  area.focus();
}

function keys(page: Page, event: KeyboardEvent, items: readonly PanelCompletion[], start: () => void): void {
  if (event.isComposing) return;
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return start();
  }
  const item = items[box.chosen];
  if (!item) return;
  const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (move !== 0) box.chosen = (box.chosen + move + items.length) % items.length;
  else if (event.key === 'Escape') box.mention = undefined;
  else if (event.key === 'Enter' || event.key === 'Tab') take(page, item);
  else return;
  event.preventDefault();
  page.draw();
}

function begin(page: Page, of: PanelComposer): void {
  const { kept } = page;
  const task = kept.task.trim();
  if (task === '' || box.starting !== undefined) return;
  const budget = { ...(kept.calls && { calls: kept.calls }), ...(kept.minutes && { minutes: kept.minutes }) };
  box.starting = task;
  seen.run = page.state.run?.id;
  seen.starts = of.starts;
  page.send({
    type: 'start',
    task,
    ...(kept.team !== undefined && of.teams.includes(kept.team) && { team: kept.team }),
    ...(kept.root !== undefined && of.folders.some(({ root }) => root === kept.root) && { root: kept.root }),
    ...(Object.keys(budget).length > 0 && { budget }),
  });
  page.draw();
}

const seen = { run: undefined as string | undefined, starts: 0 };

/** A start is over when the host has dealt with it. When another run is shown then, the draft is gone with it; else it is left. */
function settleStart(page: Page, { starts }: PanelComposer): void {
  if (box.starting === undefined || starts === seen.starts) return;
  const { run } = page.state;
  if (run && run.id !== seen.run) {
    if (page.kept.task.trim() === box.starting) page.keep({ task: '' });
    box.used = false;
    box.budgetOpen = false;
  }
  box.starting = undefined;
}
