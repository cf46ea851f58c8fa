/**
 * Draws what a terminal showed as an SVG: `tmux capture-pane -e -p | npm run --silent picture:terminal > media/terminal.svg`.
 * Knows the SGR codes that our own output uses; both colour schemes are in the one file.
 */
import { text } from 'node:stream/consumers';
import stringWidth from 'string-width';

const cell = { width: 8.4, height: 19 };
const margin = 16;

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  /** A colour's class, or none for the text's own. */
  readonly colour: string;
}

const plain: Style = { bold: false, dim: false, colour: '' };
const colours: Readonly<Record<number, string>> = {
  31: 'red',
  32: 'green',
  33: 'yellow',
  34: 'blue',
  35: 'magenta',
  36: 'cyan',
  90: 'grey',
};

function after(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, colour: '' };
  const colour = colours[code];
  return colour === undefined ? style : { ...style, colour };
}

// Plain spaces in a row would be drawn as one.
const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

/** The style goes on over a line's end. */
let style = plain;

/** One line of the terminal as text elements, each at the column where it began. */
function lineOf(line: string, y: number): string {
  let column = 0;
  let svg = '';
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) {
      for (const code of codes.split(';')) style = after(style, Number(code));
      continue;
    }
    if (part.trim() !== '') {
      const lead = part.length - part.trimStart().length;
      const classes = [style.bold && 'bold', style.dim && 'dim', style.colour].filter(Boolean).join(' ');
      const x = (margin + (column + lead) * cell.width).toFixed(1);
      svg += `<text x="${x}" y="${y}"${classes ? ` class="${classes}"` : ''} textLength="${(stringWidth(part.trim()) * cell.width).toFixed(1)}">${escaped(part.trim())}</text>`;
    }
    column += stringWidth(part);
  }
  return svg;
}

const lines = (await text(process.stdin)).trimEnd().split('\n');
const columns = Number(process.argv[2] ?? 100);
const width = columns * cell.width + 2 * margin;
const height = lines.length * cell.height + 2 * margin;
process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A run of Model Orchestra in a terminal">
<style>
  rect { fill: #ffffff; stroke: #d0d7de } text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
  .bold { font-weight: 600 } .dim { fill: #6e7781 } .grey { fill: #6e7781 } .red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #9a6700 } .blue { fill: #0969da } .magenta { fill: #8250df } .cyan { fill: #1b7c83 }
  @media (prefers-color-scheme: dark) {
    rect { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 } .dim, .grey { fill: #8d96a0 } .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 } .blue { fill: #58a6ff } .magenta { fill: #bc8cff } .cyan { fill: #39c5cf }
  }
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${lines.map((line, n) => lineOf(line, margin + (n + 0.75) * cell.height)).join('\n')}
</svg>
`);
