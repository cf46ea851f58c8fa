import type { Arrival } from '../ports.ts';
import { postKinds } from './drop.ts';
import type { EventOf } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import type { Limits } from '../team/file.ts';
import { messageId } from './names.ts';
import { bodyHardBytes } from './message.ts';
import { oneLine, utf8Bytes } from './text.ts';

/** Which of what comes from outside becomes a message. Pure: the same arrival and the same run give the same word. */

const unverifiedKinds: readonly string[] = ['finding', 'question'];

/** One call asks at most so many questions. */
const questionsPerCall = 3;
/** Of senders that nobody could prove, in a whole run. */
const unverifiedPerRun = 40;
/** So many refusals of unverified messages are told on the bus. */
const toldPerRun = 20;

type Message = EventOf<'message.posted'>;
type Posted = Omit<Message, 'type' | 'seq' | 'memory'>;
/** What the engine posts comes on top. */
type Bounds = Pick<Limits, 'messages' | 'messagesPerCall'>;

/**
 * The message that it becomes, the one that says it already, or in one sentence why it is none; `tell` is that word as a message, where
 * nothing else can bring it to the sender.
 */
export function judgeArrival(
  run: string,
  state: Pick<RunState, 'messages' | 'cast'>,
  arrival: Arrival,
  bounds: Bounds,
): { posted: Posted } | { said: Message } | { refused: string; tell?: Posted } {
  const message = judge(run, state, arrival);
  const said = typeof message === 'string' ? undefined : saidBefore(state.messages, message);
  if (said) return { said };
  const judged = typeof message === 'string' ? message : (tooMany(state.messages, arrival, bounds) ?? message);
  if (typeof judged !== 'string') return { posted: judged };
  const known = state.cast.some((c) => c.role === arrival.from);
  const told = state.messages.filter((m) => m.from === 'broker').length;
  if (arrival.call !== undefined || !known || told >= toldPerRun) return { refused: judged };
  const tell: Posted = {
    from: 'broker',
    to: [arrival.from],
    kind: 'error',
    subject: `Not posted: ${oneLine(arrival.subject, 80) || 'your message'}`,
    body: judged,
    verified: true,
    arrival: arrival.id,
  };
  return { refused: judged, tell };
}

function judge(
  run: string,
  { messages, cast }: Pick<RunState, 'messages' | 'cast'>,
  arrival: Arrival,
): Posted | string {
  const { id, call, attempt, kind, body } = arrival;
  if (arrival.problem !== undefined) return arrival.problem;
  const from = arrival.from;
  const roles = cast.map((c) => c.role);
  if (!postKinds.some((one) => one === kind))
    return `A message is one of ${postKinds.join(', ')}, not ${oneLine(kind, 40)}.`;
  if (call === undefined && !unverifiedKinds.includes(kind))
    return `Who sent it cannot be proved, so it can be a finding or a question, no ${kind}.`;
  if (call === undefined && !roles.includes(from)) return `Nobody in the team is called ${oneLine(from, 40)}.`;
  if (kind === 'decision' && !cast.some((c) => c.role === from && c.duties.includes('orchestrate')))
    return 'Only the orchestrator decides: post it as a finding.';
  if (utf8Bytes(body) > bodyHardBytes)
    return `It has ${utf8Bytes(body)} bytes; the most is ${bodyHardBytes}. Post what matters, and put the rest into your answer.`;
  const subject = oneLine(arrival.subject, 200) || oneLine(body, 200);
  if (subject === '') return 'It says nothing.';

  const question = repliedTo(run, messages, arrival.re);
  if (arrival.re !== undefined && question === undefined)
    return `There is no message ${oneLine(String(arrival.re), 40)} to answer.`;
  if (kind === 'answer' && question?.kind !== 'question')
    return 'An answer says in `re` which question it answers, by its number.';
  const wanted = arrival.to.length > 0 ? arrival.to : kind === 'answer' && question ? [question.from] : ['all'];
  const to = [...new Set(wanted)];
  const stranger = to.find((one) => one !== 'all' && one !== 'person' && !roles.includes(one));
  if (stranger !== undefined)
    return `Nobody in the team is called ${oneLine(stranger, 40)}. There are: ${[...roles, 'all', 'person'].join(', ')}.`;
  if (to.every((one) => one === from)) return 'It is to its own sender.';

  return {
    from,
    to,
    kind,
    subject,
    body,
    verified: call !== undefined,
    arrival: id,
    ...(call !== undefined && { call, attempt }),
    ...(question && { re: messageId(run, question.seq) }),
  };
}

/** The same words from another attempt of the call: who is asked again, after a crash or over another route, does not know what it said. */
function saidBefore(messages: RunState['messages'], posted: Posted): Message | undefined {
  const same = ({ call, kind, to, re, subject, body }: Posted): string =>
    JSON.stringify([call, kind, to.toSorted(), re, subject, body]);
  if (posted.call === undefined) return undefined;
  return messages.find((m) => m.call === posted.call && m.attempt !== posted.attempt && same(m) === same(posted));
}

function tooMany(messages: RunState['messages'], { call, kind }: Arrival, bounds: Bounds): string | undefined {
  const models = messages.filter((m) => m.arrival !== undefined && m.from !== 'broker' && m.from !== 'person');
  if (models.length >= bounds.messages)
    return `The models of this run have posted ${models.length} messages, and ${bounds.messages} are the most.`;
  if (call === undefined) {
    const open = models.filter((m) => !m.verified).length;
    return open >= unverifiedPerRun ? `${unverifiedPerRun} unverified messages are the most in a run.` : undefined;
  }
  const mine = models.filter((m) => m.call === call);
  if (mine.length >= bounds.messagesPerCall)
    return `You have posted ${mine.length} messages in this call, and ${bounds.messagesPerCall} are the most.`;
  if (kind === 'question' && mine.filter((m) => m.kind === 'question').length >= questionsPerCall)
    return `You have asked ${questionsPerCall} questions in this call, and that is the most.`;
  return undefined;
}

/** The message that is meant by its number or its id. */
function repliedTo(run: string, messages: RunState['messages'], re: string | number | undefined): Message | undefined {
  return re === undefined ? undefined : messages.find((m) => m.seq === Number(re) || messageId(run, m.seq) === re);
}
