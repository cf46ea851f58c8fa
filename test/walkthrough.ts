/** The pages of "Get Started"; their texts lie in media/walkthrough. */
const steps = [
  {
    id: 'sample',
    title: 'Watch a team at work',
    description:
      'A scripted team does a task on a sample project: real workspaces, merge, checks and review; only the models are played. No account, no network.\n[Run the sample](command:orchestra.runSample)',
    page: 'sample',
    completionEvents: ['onCommand:orchestra.runSample'],
  },
  {
    id: 'models',
    title: 'Reach your models',
    description:
      'One agent on this machine is enough: Claude Code, Codex, Gemini CLI, Grok, Cursor or Copilot. So is one key, or Copilot in this editor.\n[Check the team](command:orchestra.checkTeam)\n[Set a provider key](command:orchestra.setKey)',
    page: 'models',
    completionEvents: ['onCommand:orchestra.checkTeam'],
  },
  {
    id: 'memory',
    title: 'Attach Serena, if you use it',
    description:
      'The team keeps what it learns as Serena memories. Without Serena the same files are written.\n[Edit the team](command:orchestra.editTeam)',
    page: 'memory',
    completionEvents: ['onCommand:orchestra.editTeam'],
  },
  {
    id: 'task',
    title: 'Give the team a task',
    description:
      'You see who will work on it and what it may cost before anything starts, and the plan before anything is written.\n[Orchestrate a task](command:orchestra.orchestrateTask)',
    page: 'task',
    completionEvents: ['onCommand:orchestra.orchestrateTask'],
  },
];

export const walkthrough = {
  id: 'start',
  title: 'Get started with Model Orchestra',
  description: 'One task, a team of models; one merged change comes back.',
  steps: steps.map(({ page, ...step }) => ({ ...step, media: { markdown: `media/walkthrough/${page}.md` } })),
};
