/**
 * Is the model that answered the one that was asked for? Vendors answer with dated snapshots (`claude-sonnet-4-5-20250929`),
 * with their name in front (`anthropic/…`), or with an effort behind; another model's name is another model.
 */
export function sameModel(asked: string, answered: string): boolean {
  const want = parse(asked);
  const got = parse(answered);
  if (want.name === '' || got.name === '') return want.name === got.name;
  // The asker leaves the choice to the agent.
  if (want.name === 'auto' || want.name === 'default') return true;
  if (inOrder(want.name) === inOrder(got.name))
    return want.stamp === '' || got.stamp === '' || want.stamp === got.stamp;
  // An alias without a version (`sonnet`, `gemini-flash`) is answered by any version of it.
  if (/\d/.test(want.name)) return false;
  const parts = got.name.split('-');
  return want.name.split('-').every((part) => parts.includes(part));
}

/** `claude-4-5-sonnet` is `claude-sonnet-4-5`: one router puts the version in the middle. The order of the numbers counts. */
function inOrder(name: string): string {
  const parts = name.split('-');
  const isNumber = (part: string): boolean => /^\d+$/.test(part);
  return [...parts.filter((part) => !isNumber(part)).toSorted(), ...parts.filter(isNumber)].join('-');
}

interface Id {
  readonly name: string;
  /** The digits of the date behind the name. */
  readonly stamp: string;
}

function parse(id: string): Id {
  let name = id
    .trim()
    .toLowerCase()
    .replace(/^.*\//, '')
    .replaceAll(/\[[^\]]*\]|\([^)]*\)/g, '')
    .replaceAll(/[._:@\s]+/g, '-')
    .replaceAll(/-+/g, '-')
    .replace(/-$/, '');
  let stamp = '';
  for (let before = ''; before !== name;) {
    before = name;
    name = name.replace(/-(?:latest|preview|exp|experimental|free|minimal|low|medium|high|xhigh|max)$/, '');
    const date = /^(.+?)-((?:20\d\d-)?\d\d-\d\d|20\d{6}|\d{4})$/.exec(name);
    if (date && stamp === '') {
      name = date[1] as string;
      stamp = (date[2] as string).replaceAll('-', '');
    }
  }
  return { name, stamp };
}
