import { z } from 'zod';
import { UserError } from '../core/errors.ts';
import type { Amendment } from '../core/run/amendments.ts';
import type { PlanItem } from '../core/run/answers.ts';
import type { RunState } from '../core/run/state.ts';
import { parseBudget } from './budgetFlag.ts';

/** What a person types at a stop to change something before the run goes on. */

/** `edit`: the item is opened in the person's editor first. */
export type Typed = { readonly amend: Amendment } | { readonly edit: PlanItem } | { readonly problem: string };

/** One line each, for the person who asks for help. */
export const amendHelp: Readonly<Record<'team' | 'plan', readonly string[]>> = {
  team: [
    'without ROLE          it does not take part',
    'with ROLE             it takes part, whatever triage said',
    'accept ROLE [MODEL]   this model may stand in; without one, the model that was offered',
    'size one|core|review  how many take part',
    'team NAME             another team of your team file',
    'budget 60calls 30m …  another budget',
  ],
  plan: ['strike N [WHY]        this item is not done', 'edit N                change it in your editor'],
};

/** Reads one line; undefined when it is no such word. Roles and models are checked by the engine. */
export function typedAmendment(stop: 'team' | 'plan', line: string, state: RunState): Typed | undefined {
  const [word = '', ...rest] = line.trim().split(/\s+/);
  const given = rest.join(' ');
  if (stop === 'plan') return onPlan(word.toLowerCase(), rest, state);
  const need = (what: string, amend: () => Amendment['team']): Typed =>
    given === '' ? { problem: `Which ${what}?` } : { amend: { team: amend() } };
  switch (word.toLowerCase()) {
    case 'without':
      return need('role', () => ({ without: rest }));
    case 'with':
      return need('role', () => ({ with: rest }));
    case 'accept':
      return accept(rest, state);
    case 'size': {
      const size = (['one', 'core', 'review'] as const).find((each) => each === given);
      return size === undefined ? { problem: 'A size is one, core or review.' } : { amend: { team: { size } } };
    }
    case 'team':
      return need('team', () => ({ team: given }));
    case 'budget':
      return budget(rest);
    default:
      return undefined;
  }
}

function onPlan(word: string, rest: readonly string[], state: RunState): Typed | undefined {
  if (word !== 'strike' && word !== 'edit') return undefined;
  const items = state.plan?.items ?? [];
  const [named = '', ...why] = rest;
  const item = /^\d+$/.test(named) ? items[Number(named) - 1] : items.find((each) => each.id === named);
  if (!item) return { problem: `Which item? They are numbered 1 to ${items.length}.` };
  if (word === 'edit') return { edit: item };
  const reason = why.join(' ');
  return { amend: { plan: { strike: [{ item: item.id, ...(reason !== '' && { why: reason.slice(0, 600) }) }] } } };
}

function accept([role, model]: readonly string[], state: RunState): Typed {
  if (role === undefined) return { problem: 'Which role?' };
  const offered = state.offers.find((offer) => offer.role === role)?.model;
  const named = model ?? offered;
  if (named === undefined) return { problem: `Which model? Nobody is offered for ${role}: accept ${role} MODEL.` };
  return { amend: { team: { accept: [{ role, model: named }] } } };
}

function budget(parts: readonly string[]): Typed {
  try {
    const given = parseBudget(parts);
    return given ? { amend: { team: { budget: given } } } : { problem: 'How much? Write 60calls, 30m, 400k or 2usd.' };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    throw error;
  }
}

const editedSchema = z.strictObject({
  title: z.string(),
  what: z.string(),
  owners: z.array(z.string()),
  paths: z.array(z.string()),
  acceptance: z.array(z.string()).default([]),
});

/** The part of an item that a person edits. */
export function editable({ title, what, owners, paths, acceptance }: PlanItem): z.infer<typeof editedSchema> {
  return { title, what, owners, paths, acceptance };
}

/** What became of it in the editor, as an amendment; undefined when nothing was changed. */
export function editedItem(item: PlanItem, value: unknown): Typed | undefined {
  const read = editedSchema.safeParse(value);
  if (!read.success) return { problem: `That is no item: ${z.prettifyError(read.error)}` };
  if (JSON.stringify(read.data) === JSON.stringify(editable(item))) return undefined;
  return { amend: { plan: { edit: [{ item: item.id, ...read.data }] } } };
}
