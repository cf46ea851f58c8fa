import type { CommandRow } from './commandRow.ts';
import { reviewCommands } from './review/rows.ts';

/**
 * Every command, as one table: package.json's commands, menus and keybindings are generated from it, and `extension.ts` cannot be
 * compiled without a function for each row.
 */

/** Set while the named condition holds (`setContext`). */
export const contexts = {
  /** This window drives a run. */
  running: 'orchestra.running',
  /** A run is shown. */
  shown: 'orchestra.shown',
  /** The active editor shows a plan that waits. */
  plan: 'orchestra.planWaits',
} as const;

const trusted = 'isWorkspaceTrusted';
const panel = 'view == orchestra.panel';

export const commands = [
  {
    id: 'orchestra.orchestrateTask',
    title: 'Orchestrate Task',
    icon: 'play-circle',
    keys: [{ key: 'ctrl+alt+o', mac: 'cmd+alt+o' }],
    places: [
      { menu: 'editor/context', when: `editorTextFocus && ${trusted}`, group: '1_orchestra@1' },
      { menu: 'explorer/context', when: `${trusted} && resourceScheme != output`, group: '7_orchestra@1' },
    ],
  },
  {
    id: 'orchestra.resume',
    title: 'Resume Run',
    icon: 'debug-continue',
  },
  { id: 'orchestra.stop', title: 'Stop Run', icon: 'debug-stop', enablement: contexts.running },
  {
    id: 'orchestra.showRun',
    title: 'Show Run',
    icon: 'history',
    places: [{ menu: 'view/title', when: panel, group: 'navigation@2' }],
  },
  {
    id: 'orchestra.newTask',
    title: 'New Task',
    icon: 'add',
    palette: false,
    places: [{ menu: 'view/title', when: panel, group: 'navigation@1' }],
  },
  { id: 'orchestra.showPlan', title: 'Show Plan', icon: 'checklist', enablement: contexts.shown },
  {
    id: 'orchestra.goOn',
    title: 'Go On With This Plan',
    icon: 'play',
    palette: false,
    places: [{ menu: 'editor/title', when: contexts.plan, group: 'navigation@1' }],
  },
  {
    id: 'orchestra.stopHere',
    title: 'Stop Here',
    icon: 'debug-stop',
    palette: false,
    places: [{ menu: 'editor/title', when: contexts.plan, group: 'navigation@2' }],
  },
  { id: 'orchestra.strikeItem', title: 'Strike Item of the Plan', palette: false },
  { id: 'orchestra.editItem', title: 'Edit Item of the Plan', palette: false },
  { id: 'orchestra.answer', title: 'Answer', palette: false },
  { id: 'orchestra.openLog', title: 'Open Log of a Role', icon: 'output', enablement: contexts.shown },
  { id: 'orchestra.say', title: 'Say to the Team', icon: 'comment', enablement: contexts.shown },
  {
    id: 'orchestra.checkTeam',
    title: 'Check Team',
    icon: 'pulse',
    places: [{ menu: 'view/title', when: panel, group: '2_team@1' }],
  },
  {
    id: 'orchestra.editTeam',
    title: 'Edit Team',
    icon: 'organization',
    places: [{ menu: 'view/title', when: panel, group: '2_team@2' }],
  },
  { id: 'orchestra.changeTeam', title: 'Change the Proposed Team', icon: 'organization', enablement: contexts.shown },
  {
    id: 'orchestra.trust',
    title: 'Approve What This Folder Brings',
    icon: 'shield',
    places: [{ menu: 'view/title', when: panel, group: '2_team@3' }],
  },
  ...reviewCommands,
  { id: 'orchestra.apply', title: 'Apply Change of a Run', icon: 'check-all' },
  { id: 'orchestra.undo', title: 'Undo Apply', icon: 'discard' },
  {
    id: 'orchestra.clean',
    title: 'Clean Workspaces of Ended Runs',
    icon: 'trash',
    places: [{ menu: 'view/title', when: panel, group: '3_runs@1' }],
  },
  {
    id: 'orchestra.runSample',
    title: 'Run the Sample',
    icon: 'beaker',
    places: [{ menu: 'view/title', when: panel, group: '3_runs@2' }],
  },
  {
    id: 'orchestra.setKey',
    title: 'Set Provider Key',
    icon: 'key',
    places: [{ menu: 'view/title', when: panel, group: '2_team@4' }],
  },
  { id: 'orchestra.chooseFolder', title: 'Choose Folder', icon: 'root-folder' },
  {
    id: 'orchestra.openWalkthrough',
    title: 'Get Started',
    icon: 'book',
    places: [{ menu: 'view/title', when: panel, group: '4_help@1' }],
  },
  {
    id: 'orchestra.showOutput',
    title: 'Show Output',
    icon: 'output',
    places: [{ menu: 'view/title', when: panel, group: '4_help@2' }],
  },
] as const satisfies readonly CommandRow[];

export type CommandId = (typeof commands)[number]['id'];
