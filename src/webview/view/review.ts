import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { PanelFile, PanelReview, PanelRun } from '../../protocol.ts';
import type { Page } from '../page.ts';
import { icon, iconButton, links, section } from './parts.ts';

/** The merged change: a tree of its files with their counts. The hunks stand in the editor. */
export function review(page: Page, run: PanelRun): TemplateResult | typeof nothing {
  const of = run.review;
  if (!of) return nothing;
  return section(page, { key: 'review', title: 'Changes', count: of.summary, byItself: true }, () => {
    return html`<p class="aside muted">${of.checks}</p>
      ${tree(page, run, of)}
      <div class="answers">
        ${of.actions
          .slice(0, 2)
          .map(
            (action, n) =>
              html`<vscode-button
                ?secondary=${n > 0 || of.state !== 'open' || page.state.wants.length > 0}
                @click=${() => page.send(action.intent)}
                >${action.label}</vscode-button
              >`,
          )}
        ${links(page, of.actions.slice(2))}
      </div>`;
  });
}

function tree(page: Page, run: PanelRun, of: PanelReview): TemplateResult {
  const folders = [...Map.groupBy(of.files, (file) => folderOf(file.path))].sort(([a], [b]) => (a < b ? -1 : 1));
  const open = (folder: string): boolean => page.isOpen(`folder ${run.id} ${folder}`, true);
  const keys = folders.flatMap(([folder, files]) => [
    ...(folder === '' ? [] : [`folder ${folder}`]),
    ...(open(folder) ? files.map((file) => file.path) : []),
  ]);
  const stop = page.stop('review', keys);
  return html`<ul class="tree ${of.state}" role="tree" aria-label="Changed files" data-list="review">
    ${repeat(
      folders,
      ([folder]) => folder,
      ([folder, files]) => {
        const items = repeat(
          files,
          (file) => file.path,
          (file) => fileItem(page, run, of, file, file.path === stop),
        );
        if (folder === '') return items;
        const isOpen = open(folder);
        const key = `folder ${folder}`;
        return html`<li
          role="treeitem"
          class="folder"
          aria-expanded=${isOpen}
          aria-label="${folder}, ${files.length} files"
          data-item=${key}
          tabindex=${key === stop ? 0 : -1}
          data-fold="folder ${run.id} ${folder}"
        >
          <div class="tree-line" @click=${() => page.fold(`folder ${run.id} ${folder}`, !isOpen)}>
            ${icon(isOpen ? 'chevron-down' : 'chevron-right')}<span class="clip">${folder}</span>
          </div>
          ${
            isOpen
              ? html`<ul role="group">
                  ${items}
                </ul>`
              : nothing
          }
        </li>`;
      },
    )}
  </ul>`;
}

const marks: Record<PanelFile['kind'], string> = { new: 'A', changed: 'M', deleted: 'D', binary: 'B', mode: 'X' };
const words: Record<PanelFile['kind'], string> = {
  new: 'new',
  changed: 'changed',
  deleted: 'deleted',
  binary: 'binary',
  mode: 'mode changed',
};

function fileItem(page: Page, run: PanelRun, of: PanelReview, file: PanelFile, isStop: boolean): TemplateResult {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  const settled = standing(file);
  const act = (action: 'open' | 'keep' | 'undo'): void =>
    page.send({ type: 'review', run: run.id, action, path: file.path });
  const label = [
    file.path,
    words[file.kind],
    `${file.added} added, ${file.removed} removed`,
    settled,
    file.held === undefined ? '' : `held: ${file.held}`,
  ]
    .filter(Boolean)
    .join(', ');
  return html`<li
    role="treeitem"
    class="file"
    aria-label=${label}
    data-item=${file.path}
    tabindex=${isStop ? 0 : -1}
    title=${file.held ?? file.path}
    @keydown=${(event: KeyboardEvent) => fileKeys(event, act)}
  >
    <div class="tree-line" @click=${() => act('open')}>
      ${file.held === undefined ? nothing : icon('lock', 'held')}
      <span class="clip ${file.kind}">${name}</span>
      <span class="muted settled">${settled}</span>
      <span class="plus">+${file.added}</span><span class="minus">−${file.removed}</span>
      <span class="mark-letter ${file.kind}" title=${words[file.kind]}>${marks[file.kind]}</span>
      ${
        of.state === 'open' && of.actions.length > 1 && file.hunks > 0
          ? html`<span class="file-actions" @click=${(event: Event) => event.stopPropagation()}>
              ${iconButton('check', `Keep all of ${name}`, () => act('keep'), isStop)}
              ${iconButton('discard', `Undo all of ${name}`, () => act('undo'), isStop)}
            </span>`
          : nothing
      }
    </div>
  </li>`;
}

function fileKeys(event: KeyboardEvent, act: (action: 'open') => void): void {
  if (event.target !== event.currentTarget || (event.key !== 'Enter' && event.key !== ' ')) return;
  event.preventDefault();
  event.stopPropagation();
  act('open');
}

/** `2 of 3 kept`. */
function standing(file: PanelFile): string {
  if (file.kept + file.undone === 0) return file.hunks === 1 ? '' : `${file.hunks} hunks`;
  if (file.kept === file.hunks) return 'kept';
  if (file.undone === file.hunks) return 'undone';
  return `${file.kept} of ${file.hunks} kept`;
}

const folderOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
