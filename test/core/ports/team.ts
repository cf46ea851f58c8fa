import { type Role, type TeamFile, teamFileSchema, type TeamLayer } from '../../../src/core/team/file.ts';

const role = (duties: Role['duties'], model: string, more: Partial<Role> = {}): Role => ({
  title: '',
  duties,
  brief: 'Do your part.',
  models: [{ model }],
  view: 'files',
  required: false,
  ...more,
});

/** A team of models `m1` to `m4`, each over a server of its own (`s1` to `s4`), and a fifth, `spare`, that no role lists. */
export function testTeam(layer: TeamLayer = {}): TeamFile {
  const names = ['m1', 'm2', 'm3', 'm4', 'spare'];
  const roles: Record<string, Role> = {
    orchestrator: role(['orchestrate'], 'm1', { title: 'Orchestrator' }),
    architect: role(['analyse'], 'm2', { title: 'Architect' }),
    bigpicture: role(['analyse'], 'm3', { title: 'Big picture', view: 'packed' }),
    implementer: role(['write'], 'm1', { title: 'Implementer' }),
    security: role(['analyse'], 'm2', { title: 'Security' }),
    critic: role(['analyse'], 'm4', { title: 'Critic' }),
    reviewer: role(['review'], 'm2', { title: 'Reviewer' }),
    optimizer: role(['review'], 'm4', { title: 'Optimizer' }),
    second: role(['write'], 'm3', { title: 'Second writer' }),
    third: role(['write'], 'm4', { title: 'Third writer' }),
  };
  const team = teamFileSchema.parse({
    servers: Object.fromEntries(['s1', 's2', 's3', 's4', 's5'].map((s) => [s, { command: s, scripted: true }])),
    models: Object.fromEntries(
      names.map((name, n) => [
        name,
        {
          title: name.toUpperCase(),
          vendor: `v${n + 1}`,
          price: { input: 1, output: 10 },
          routes: [{ server: `s${n + 1}`, ids: [`${name}-id`] }],
        },
      ]),
    ),
    teams: {
      default: {
        core: ['orchestrator', 'architect', 'bigpicture', 'implementer'],
        review: ['security', 'critic', 'reviewer', 'optimizer'],
        specialists: ['second', 'third'],
      },
    },
    ...layer,
    roles: { ...roles, ...layer.roles },
  });
  return team;
}
