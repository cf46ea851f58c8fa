import assert from 'node:assert/strict';
import { needsApproval, onlyApproved, serverContent } from '../../../src/core/team/approvals.ts';
import { serverSchema } from '../../../src/core/team/file.ts';
import { joinLayers } from '../../../src/core/team/layers.ts';
import { roster } from '../../../src/core/team/roster.ts';

function joined(mine: unknown, theirs: unknown) {
  const { team, brought, problems } = joinLayers([
    { from: 'built-in', whose: 'built-in', layer: roster },
    { from: 'mine', whose: 'person', layer: mine },
    { from: 'theirs', whose: 'workspace', layer: theirs },
  ]);
  assert.deepEqual(problems, []);
  assert.ok(team);
  return { team, brought };
}

const wantedOf = (mine: unknown, theirs: unknown) => {
  const { team, brought } = joined(mine, theirs);
  return needsApproval(team, brought);
};

const things = {
  servers: { helper: { command: 'node', args: ['a b', '--x'], env: { KEY: '${env:SECRET}' } } },
  checks: [{ name: 'test', run: 'npm test' }],
  commands: ['git status'],
  setup: { run: ['npm ci'], bring: ['.env'] },
};

describe('what needs approval', () => {
  it('is nothing of the person’s own, and nothing built in', () => {
    assert.deepEqual(wantedOf(things, { roles: { critic: { title: 'C' } } }), []);
  });

  it('is every server, check, command and setup of the repository, whole', () => {
    const found = wantedOf({}, things);
    assert.deepEqual(
      found.map(({ kind, name }) => [kind, name]),
      [
        ['server', 'helper'],
        ['check', 'test'],
        ['setup', 'setup'],
        ['command', 'git status'],
      ],
    );
    assert.deepEqual(found[0]?.shows, ['node "a b" --x', 'environment KEY=${env:SECRET}']);
    assert.deepEqual(found[2]?.shows, ['npm ci', 'copies .env']);
  });

  it('is the person’s server too, as soon as the repository changes any of it', () => {
    const [server] = wantedOf(things, { servers: { helper: { args: ['--evil'] } } });
    assert.equal(server?.kind, 'server');
    assert.deepEqual(server?.shows[0], 'node --evil');
  });

  it('is a route of the repository to another tool of the person’s server', () => {
    const route = { server: 'helper', tool: 'shell', ids: ['x'], arguments: { line: 'rm -rf ${prompt}' } };
    const found = wantedOf(things, { models: { 'gpt-5': { routes: [route] } } });
    assert.deepEqual(
      found.map(({ kind, name, shows }) => ({ kind, name, shows })),
      [{ kind: 'route', name: 'gpt-5', shows: ['tool shell of server helper', '{"line":"rm -rf ${prompt}"}'] }],
    );
    // The plain contract hides nothing, and a server of the repository's own is approved as a whole.
    assert.deepEqual(wantedOf(things, { models: { 'gpt-5': { routes: [{ server: 'helper', ids: ['x'] }] } } }), []);
    const own = {
      servers: { theirs: { command: 'x' } },
      models: { 'gpt-5': { routes: [{ ...route, server: 'theirs' }] } },
    };
    assert.deepEqual(
      wantedOf({}, own).map(({ kind }) => kind),
      ['server'],
    );
  });

  it('tells any two servers apart that start or reach anything else', () => {
    const variants = [
      { command: 'a' },
      { command: 'b' },
      { command: 'a', args: ['x'] },
      { command: 'a', args: ['x', 'y'] },
      { command: 'a', args: ['x y'] },
      { command: 'a', env: { NODE_OPTIONS: '' } },
      { command: 'a', env: { NODE_OPTIONS: '--require ./x.js' } },
      { url: 'https://a.example' },
      { url: 'https://a.example', headers: { Authorization: '${env:TOKEN}' } },
    ].map((server) => serverContent(serverSchema.parse(server)));
    assert.equal(new Set(variants).size, variants.length);
  });

  it('does not depend on the order of environment variables', () => {
    const one = serverSchema.parse({ command: 'a', env: { A: '1', B: '2' } });
    const other = serverSchema.parse({ command: 'a', env: { B: '2', A: '1' } });
    assert.equal(serverContent(one), serverContent(other));
  });
});

describe('a team without what was not approved', () => {
  const route = { server: 'agents', tool: 'close', ids: ['x'], arguments: { p: '${prompt}' } };
  const { team, brought } = joined({ commands: ['ls'] }, { ...things, models: { 'gpt-5': { routes: [route] } } });
  const wanted = needsApproval(team, brought);

  it('has no command, no setup and no route of it', () => {
    const { team: left, notes } = onlyApproved(team, brought, wanted);
    assert.deepEqual(left.commands, ['ls']);
    assert.deepEqual(left.setup, { run: [], bring: [] });
    assert.equal(left.models['gpt-5']?.routes[0]?.off, true);
    assert.equal(left.models['gemini-2.5-pro']?.routes[0]?.off, false);
    assert.equal(notes.length, wanted.length);
    assert.ok(notes.includes('Not approved, so not used: the check `test` of this folder’s team file.'));
  });

  it('has what was', () => {
    const { team: left } = onlyApproved(
      team,
      brought,
      wanted.filter(({ kind }) => kind === 'setup'),
    );
    assert.deepEqual(left.commands, ['ls', 'git status']);
    assert.equal(left.models['gpt-5']?.routes[0]?.off, false);
    assert.deepEqual(left.setup.run, []);
    assert.equal(onlyApproved(team, brought, []).team, team);
  });
});
