/**
 * Texts as Go's standard library reads them, for what stands in for a program that is written in Go. This is the twin's own
 * reading, written apart from the product's, so that the one can judge the other.
 */

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n } as const;

/** `strconv.ParseBool`; undefined where it gives an error. */
export function parseBool(text: string): boolean | undefined {
  return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
}

/** `strconv.ParseInt(text, 10, 64)`; undefined where it gives an error. Values past 2^53 are rounded as JSON numbers are. */
export function parseInt64(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return value < INT64.least || value > INT64.most ? undefined : Number(value);
}

/** The first record that `csv.NewReader(text).Read()` gives; undefined where it gives an error, the end of the text included. */
export function firstCsvRecord(text: string): readonly string[] | undefined {
  const lines = linesOf(text);
  let at = lines.findIndex((line) => line !== '' && line !== '\n');
  if (at === -1) return undefined;
  const fields: string[] = [];
  let rest = lines[at] as string;
  for (;;) {
    if (!rest.startsWith('"')) {
      const comma = rest.indexOf(',');
      const field = comma === -1 ? withoutNewline(rest) : rest.slice(0, comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      if (comma === -1) return fields;
      rest = rest.slice(comma + 1);
      continue;
    }
    let field = '';
    rest = rest.slice(1);
    for (;;) {
      const quote = rest.indexOf('"');
      if (quote === -1) {
        // The field goes on in the next line; where there is none it was never closed.
        field += rest;
        at += 1;
        const next = lines[at];
        if (next === undefined) return undefined;
        rest = next;
        continue;
      }
      field += rest.slice(0, quote);
      rest = rest.slice(quote + 1);
      if (!rest.startsWith('"')) break;
      field += '"';
      rest = rest.slice(1);
    }
    fields.push(field);
    if (rest === '' || rest === '\n') return fields;
    if (!rest.startsWith(',')) return undefined;
    rest = rest.slice(1);
  }
}

/** Lines with their newlines: a carriage return goes ahead of a newline and at the very end of the text, and nowhere else. */
function linesOf(text: string): string[] {
  const lines = text.split(/(?<=\n)/);
  return lines.map((line, index) =>
    index === lines.length - 1 && !line.endsWith('\n') ? line.replace(/\r$/, '') : line.replace(/\r\n$/, '\n'),
  );
}

function withoutNewline(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line;
}
