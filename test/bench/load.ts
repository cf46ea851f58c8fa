import { versions } from '../host/install.ts';
import { loadScenario, loadWords } from '../host/load.ts';
import { buildSuites, play } from '../host/play.ts';

/** The whole window under load, in the newest VS Code: ten minutes of it unless told otherwise. */
export async function benchLoad(seconds = 600): Promise<string[]> {
  const lines: string[] = [];
  await buildSuites();
  const fine = await play(
    loadScenario(seconds, (of) => lines.push(...loadWords(of)), Math.min(60, seconds)),
    versions[1],
  );
  return fine ? lines : [...lines, 'load: the suite did not end well (see above)'];
}
