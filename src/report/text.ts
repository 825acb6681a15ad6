import { styleText } from 'node:util';

/** What a word of a report means to the reader; a palette gives each tone its colour. */
export type Tone = 'good' | 'bad' | 'warn' | 'strong' | 'faint';

/** Paints text, or leaves it as it is where colour is off. */
export type Palette = (tone: Tone, text: string) => string;

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', strong: 'bold', faint: 'dim' } as const;

/** A palette that paints with ANSI colours, or not at all. Whether to is the caller's to decide (NO_COLOR, terminals). */
export function createPalette(color: boolean): Palette {
  return (tone, text) => (color && text !== '' ? styleText(STYLES[tone], text, { validateStream: false }) : text);
}

/** `1 unit`, `3 units`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/**
 * Lines of at most `width` characters: broken at spaces, and inside a word that is longer (an ARN) after one of `/:,.-`
 * or, where there is none, anywhere. Nothing is cut away.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const joined = line === '' ? word : `${line} ${word}`;
      if (joined.length <= width) {
        line = joined;
        continue;
      }
      if (line !== '') lines.push(line);
      line = word;
      while (line.length > width) {
        const at = breakPoint(line, width);
        lines.push(line.slice(0, at));
        line = line.slice(at);
      }
    }
    lines.push(line);
  }
  return lines;
}

function breakPoint(word: string, width: number): number {
  for (let at = width; at > width / 3; at -= 1) if ('/:,.-'.includes(word.charAt(at - 1))) return at;
  return Math.max(1, width);
}

/**
 * Wrapped text behind an indent; the first line begins with `lead`, padded to the indent. A lead that is longer than the
 * indent takes its room from the first line alone.
 */
export function hang(lead: string, text: string, columns: number, indent = lead.length): string {
  const overhang = FILLER.repeat(Math.max(0, lead.length - indent));
  const [first = '', ...rest] = wrap(`${overhang}${text}`, Math.max(20, columns - indent));
  return [`${lead.padEnd(indent)}${first.slice(overhang.length)}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)]
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Text in which no line is broken within a quoted command: it is longer than the screen rather than cut, so that it can be copied. */
export function hangWhole(lead: string, text: string, columns: number): string {
  const commands: { readonly text: string; readonly standIn: string }[] = [];
  const width = Math.max(20, columns - lead.length);
  const short = text.replaceAll(/"podshift [^"]*"/g, (command) => {
    // No longer than a line, so that it is not cut itself.
    const standIn = String.fromCharCode(FIRST_STAND_IN + commands.length).repeat(Math.min(command.length, width));
    commands.push({ text: command, standIn });
    return standIn;
  });
  return commands.reduce((whole, { text: command, standIn }) => whole.replace(standIn, () => command), hang(lead, short, columns));
}

/** Characters of Unicode's private use stand for commands; no text holds them. */
const FIRST_STAND_IN = 0xe000;

/** Stands for the part of a lead that reaches into the first line; no text holds it. */
const FILLER = '\u0000';
