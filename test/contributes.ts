import { z } from 'zod';
import type { CommandRow } from '../src/vscode/commandRow.ts';
import { commands } from '../src/vscode/commands.ts';
import { settingsPrefix, settingsSchema } from '../src/vscode/settings.ts';
import { walkthrough } from './walkthrough.ts';

/** What package.json says of the extension: made of the table of commands and the schema of settings. */
function contributes(): Record<string, unknown> {
  const rows: readonly CommandRow[] = commands;
  return {
    viewsContainers: {
      activitybar: [{ id: 'orchestra', title: 'Model Orchestra', icon: 'media/icon.svg' }],
    },
    views: {
      orchestra: [
        {
          type: 'webview',
          id: 'orchestra.panel',
          name: 'Team',
          icon: 'media/icon.svg',
          contextualTitle: 'Model Orchestra',
        },
      ],
    },
    commands: rows.map(({ id, title, icon, enablement }) => ({
      command: id,
      title,
      category: 'Model Orchestra',
      ...(icon !== undefined && { icon: `$(${icon})` }),
      ...(enablement !== undefined && { enablement }),
    })),
    menus: menusOf(rows),
    keybindings: rows.flatMap(({ id, keys = [] }) => keys.map((key) => ({ command: id, ...key }))),
    configuration: { title: 'Model Orchestra', properties: properties() },
    configurationDefaults: {
      // The review stands in the editor's own comparisons: with what can be decided above each hunk, and in one column.
      'diffEditor.codeLens': true,
      'diffEditor.renderSideBySide': false,
      // Live text is written there many times a second: the window need not hear of it.
      'files.watcherExclude': { '**/.orchestration/runs/**': true },
      // Findings stand in the review; the list of all comments does not open below it by itself.
      'comments.openView': 'firstFileUnresolved',
    },
    // The documents of a review are called like the files that they are about.
    resourceLabelFormatters: [
      { scheme: 'orchestra-review', authority: '*', formatting: { label: '${path}', separator: '/', tildify: true } },
    ],
    yamlValidation: [{ fileMatch: '**/.orchestration/team.yaml', url: './media/team.schema.json' }],
    walkthroughs: [walkthrough],
  };
}

function menusOf(rows: readonly CommandRow[]): Record<string, unknown[]> {
  const menus: Record<string, unknown[]> = {};
  for (const { id, palette, places = [] } of rows) {
    if (palette !== undefined)
      (menus['commandPalette'] ??= []).push({ command: id, when: palette === false ? 'false' : palette });
    for (const { menu, ...place } of places) (menus[menu] ??= []).push({ command: id, ...place });
  }
  return menus;
}

interface Property {
  description?: string;
  [key: string]: unknown;
}

function properties(): Record<string, Property> {
  const schema = z.toJSONSchema(settingsSchema, { target: 'draft-7', io: 'input' }) as {
    properties: Record<string, Property>;
  };
  return Object.fromEntries(
    Object.entries(schema.properties).map(([key, { description, ...rest }], order) => [
      `${settingsPrefix}.${key}`,
      { order, ...rest, ...(description !== undefined && { markdownDescription: description }) },
    ]),
  );
}

/** package.json with what the extension contributes as its sources say it. */
export function withContributes(present: string | undefined): string | undefined {
  if (present === undefined) return undefined;
  const manifest = JSON.parse(present) as Record<string, unknown>;
  return `${JSON.stringify({ ...manifest, contributes: contributes() }, null, 2)}\n`;
}
