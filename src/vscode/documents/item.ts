import type { PlanItem } from '../../core/run/answers.ts';

/** What of an item can be changed. */
type ItemEdit = Pick<PlanItem, 'title' | 'what' | 'owners' | 'paths' | 'acceptance'>;

const note =
  '<!-- Saved, this is what the item says. What is between the headings is free text; owners and paths stand one a line. -->';

/** An item as a document to edit. */
export function itemText({ title, what, owners, paths, acceptance }: ItemEdit): string {
  return [
    `# ${title}`,
    '',
    note,
    '',
    what,
    '',
    '## Owners',
    '',
    ...owners.map((line) => `- ${line}`),
    '',
    '## May write',
    '',
    ...paths.map((line) => `- ${line}`),
    '',
    '## Accepted when',
    '',
    ...acceptance.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

/** What such a document changes of the item; a part that was taken out stays as it was. */
export function readItemText(text: string, item: ItemEdit): Partial<ItemEdit> {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const titleAt = lines.findIndex((line) => line.startsWith('# '));
  const sections = new Map<string, string[]>();
  let section = 'what';
  for (const line of lines.slice(titleAt + 1)) {
    const heading = /^## (Owners|May write|Accepted when)\s*$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    else if (line !== note) sections.set(section, [...(sections.get(section) ?? []), line]);
  }
  const list = (name: string): string[] | undefined =>
    sections
      .get(name)
      ?.map((line) => line.replace(/^\s*[-*]\s+/, '').trim())
      .filter((line) => line !== '');
  const title = titleAt < 0 ? item.title : (lines[titleAt] ?? '').slice(2).trim();
  const what = (sections.get('what') ?? []).join('\n').trim();
  const [owners, paths, acceptance] = [list('Owners'), list('May write'), list('Accepted when')];
  const same = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');
  return {
    ...(title !== '' && title !== item.title && { title }),
    ...(what !== '' && what !== item.what && { what }),
    ...(owners && owners.length > 0 && !same(owners, item.owners) && { owners }),
    ...(paths && paths.length > 0 && !same(paths, item.paths) && { paths }),
    ...(acceptance && !same(acceptance, item.acceptance) && { acceptance }),
  };
}
