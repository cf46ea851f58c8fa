import { oneLine, visible } from '../../core/words/plain.ts';
import type { Question } from '../asking.ts';

/** The whole of what a question is about, with what could not be seen written out. */
export function questionDocument(question: Question): string {
  switch (question.kind) {
    case 'stop':
      return `${oneLine(question.stop.question)}\n`;
    case 'permission': {
      const { role, title, detail } = question.request;
      return `# ${oneLine(role)} asks: ${oneLine(title)}\n# Answer above or in the panel.\n\n${visible(detail)}\n`;
    }
    case 'held': {
      const { path, reason, code } = question.file;
      return `# ${oneLine(path)} is held back: ${oneLine(reason ?? code ?? '')}\n# Answer above or in the panel.\n\n${visible(question.diff)}\n`;
    }
  }
}
