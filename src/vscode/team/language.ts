import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { joinLayers } from '../../core/team/layers.ts';
import { roster } from '../../core/team/roster.ts';
import { mediaFolder } from '../../node/servers.ts';
import { readYaml } from '../../node/team/yaml.ts';
import { isTeamFile } from './file.ts';
import { meaningOf, type Schema, schemaAt, valuesOf } from './schema.ts';
import { placeAt, type YamlPlace } from './yamlPlace.ts';

/** Completion and hover for team files, where the YAML extension is not there to give them from the same schema. */

/** The extension that reads `yamlValidation`. */
const yamlExtension = 'redhat.vscode-yaml';

/** Every YAML file is looked at; only team files get an answer. Some editors have no language for YAML. */
const selector: vscode.DocumentSelector = { scheme: 'file', pattern: '**/team.yaml' };

export function helpWithTeamFiles(): vscode.Disposable {
  let schema: Promise<Schema> | undefined;
  const found = (): Promise<Schema> =>
    (schema ??= readFile(join(mediaFolder(), 'team.schema.json'), 'utf8').then((text) => JSON.parse(text) as Schema));
  const placeOf = (document: vscode.TextDocument, { line, character }: vscode.Position): YamlPlace | undefined =>
    isTeamFile(document.uri) && !vscode.extensions.getExtension(yamlExtension)
      ? placeAt(document.getText().split(/\r?\n/), line, character)
      : undefined;
  return vscode.Disposable.from(
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        async provideCompletionItems(document, position) {
          const place = placeOf(document, position);
          return place && completions(await found(), place, document.getText(), position.line);
        },
      },
      ' ',
      '[',
      '{',
      '-',
    ),
    vscode.languages.registerHoverProvider(selector, {
      async provideHover(document, position) {
        const place = placeOf(document, position);
        if (!place || place.word.text === '') return undefined;
        const { from, to, text } = place.word;
        const name = place.side === 'key' ? [...place.path, text.replace(/:$/, '')] : place.path;
        const meaning = schemaAt(await found(), name);
        const words = meaning && meaningOf(meaning);
        if (words === undefined || words === '') return undefined;
        return new vscode.Hover(
          new vscode.MarkdownString(words),
          new vscode.Range(position.line, from, position.line, to),
        );
      },
    }),
  );
}

/** What may be written at a place of a team file's text. */
function completions(schema: Schema, place: YamlPlace, text: string, line: number): vscode.CompletionItem[] {
  const at = schemaAt(schema, place.path);
  if (!at) return [];
  const range = new vscode.Range(line, place.word.from, line, place.word.to);
  const item = (
    label: string,
    kind: vscode.CompletionItemKind,
    insert: string | vscode.SnippetString,
    of?: Schema,
  ): vscode.CompletionItem => {
    const made = new vscode.CompletionItem(label, kind);
    made.insertText = insert;
    made.range = range;
    const meaning = of ? meaningOf(of) : '';
    if (meaning !== '') made.documentation = new vscode.MarkdownString(meaning);
    return made;
  };
  if (place.side === 'key') {
    const names = namesFor(place.path, text);
    return [
      ...Object.entries(at.properties ?? {}).map(([name, of]) =>
        item(name, vscode.CompletionItemKind.Property, `${name}: `, of),
      ),
      // A model or a role of the built-in team is changed under its own name.
      ...names.map((name) => item(name, vscode.CompletionItemKind.Reference, `${name}:`)),
    ];
  }
  const values = valuesOf(at.items && place.path.at(-1) !== 0 ? {} : at);
  return [
    ...values.map((value) => item(value, vscode.CompletionItemKind.EnumMember, value, at)),
    ...namesFor(place.path, text).map((name) => item(name, vscode.CompletionItemKind.Reference, name)),
  ];
}

/** Names that the file and the built-in team give to what is named at a path. */
function namesFor(path: readonly (string | 0)[], text: string): readonly string[] {
  const kind = kindAt(path);
  if (kind === undefined) return [];
  const read = readYaml(Buffer.from(text));
  // A file in the middle of being written is often none: then what is built in is offered.
  const own = 'file' in read ? [{ from: 'this file', whose: 'person' as const, layer: read.file.value }] : [];
  const built = { from: 'the built-in team', whose: 'built-in' as const, layer: roster };
  const team = joinLayers([built, ...own]).team ?? joinLayers([built]).team;
  return Object.keys(team?.[kind] ?? {});
}

function kindAt(path: readonly (string | 0)[]): 'models' | 'roles' | 'servers' | 'teams' | undefined {
  const [first, , third] = path;
  if (path.length === 1) {
    if (first === 'team') return 'teams';
    return first === 'models' || first === 'roles' || first === 'servers' || first === 'teams' ? first : undefined;
  }
  if (first === 'roles' && third === 'models' && path.at(-1) === 'model') return 'models';
  if (first === 'models' && third === 'routes' && path.at(-1) === 'server') return 'servers';
  return first === 'teams' && path.length === 4 ? 'roles' : undefined;
}
