import type { Screen } from '../src/report/render.ts';
import { createPalette, type Palette } from '../src/report/text.ts';

/** A stream as far as the command line needs it. */
export interface TextStream {
  write(text: string, done?: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Where the command line writes: data to stdout, talk to stderr. */
export interface Terminal {
  /** Data: the answer to what was asked. Resolves when it was handed over, so that the process may end. */
  data(text: string): Promise<void>;
  /** Talk: progress, hints, errors. A line; the break is added. */
  talk(line: string): void;
  /** For data; as wide as a line is long where stdout is no terminal. */
  readonly screen: Screen;
  /** Rows of the terminal that data goes to, at this moment; absent where it goes to none, or to one that cannot go back over its lines. */
  readonly rows?: () => number;
  /** For the help. */
  readonly helpColumns: number;
  /** For talk. */
  readonly palette: Palette;
  readonly talkColumns: number;
}

/** Of a terminal that does not say how many it has. */
const ROWS = 24;

/**
 * A terminal over two streams. Colour is on where the stream is a terminal and TERM is not `dumb`; FORCE_COLOR turns it on
 * (`0` off), NO_COLOR off where it is not empty (no-color.org), `--no-color` off before all. The width is the terminal's,
 * else COLUMNS, else 80; never less than 40. Data that goes to a file or a pipe is neither wrapped nor cut, whatever COLUMNS says: what
 * reads it looks for whole names.
 */
export function createTerminal(
  streams: { readonly stdout: TextStream; readonly stderr: TextStream },
  environment: Readonly<Record<string, string | undefined>>,
  options: { readonly color: boolean },
): Terminal {
  const color = (stream: TextStream): boolean => {
    if (!options.color) return false;
    if (environment.NO_COLOR !== undefined && environment.NO_COLOR !== '') return false;
    if (environment.FORCE_COLOR !== undefined) return environment.FORCE_COLOR !== '0' && environment.FORCE_COLOR !== 'false';
    return stream.isTTY === true && environment.TERM !== 'dumb';
  };
  const columns = (stream: TextStream): number => {
    const given = /^\d+$/.test(environment.COLUMNS ?? '') ? Number(environment.COLUMNS) : 80;
    return Math.max(40, stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : given);
  };
  return {
    data: (text) => new Promise((resolve) => streams.stdout.write(text, () => resolve())),
    talk: (line) => void streams.stderr.write(`${line}\n`),
    screen: { columns: streams.stdout.isTTY === true ? columns(streams.stdout) : Number.POSITIVE_INFINITY, color: color(streams.stdout) },
    ...(streams.stdout.isTTY === true && environment.TERM !== 'dumb' ? { rows: () => streams.stdout.rows ?? ROWS } : {}),
    helpColumns: columns(streams.stdout),
    palette: createPalette(color(streams.stderr)),
    talkColumns: columns(streams.stderr),
  };
}
