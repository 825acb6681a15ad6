/** Takes the items of a list as they come over the wire. */
export interface ItemSink {
  /** The answer begins; again where its request is sent once more: what was given of it before comes again. */
  readonly begin: () => void;
  readonly item: (item: unknown) => void;
}

/** A sink that throws nothing, as a failure of what takes the items is none of the connection: `check` throws the first one. */
export function guardedSink(begin: () => void, take: (item: unknown) => void): ItemSink & { readonly check: () => void } {
  let failure: { readonly error: unknown } | undefined;
  return {
    begin,
    item: (item) => {
      if (failure !== undefined) return;
      try {
        take(item);
      } catch (error) {
        failure = { error };
      }
    },
    check: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}

/** Reads the JSON text of a list piece by piece. */
export interface ListReader {
  /** Gives every item that is known to end in these bytes, which are not kept. */
  readonly write: (chunk: Buffer) => void;
  /** The list without the items that were given. */
  readonly rest: () => string;
}

/** What stands ahead of the items, as API servers write it: without spaces. */
const ITEMS = Buffer.from('"items":[');

/** The name of an item's first member: what follows `},{` in an item is another one as a rule. */
const FIRST_MEMBER = /^\{"[A-Za-z]+":/;

/** Bytes in which it has to stand. */
const FIRST_BYTES = 40;

/** Ends of an item that are tried: an object within it can begin as the item itself does. */
const TRIES = 8;

/**
 * Reads a list so that neither its text nor its items are held whole: a page of five hundred takes little more memory than the largest of
 * them. An item ends where another seems to begin and what lies before is JSON: no JSON object is the beginning of another one, so the
 * parser's word is enough. The last item always stays in the rest, and all of them do where their server writes them otherwise; a text
 * that is no JSON is none in the rest.
 */
export function createListReader(give: (item: unknown) => void): ListReader {
  let held = Buffer.allocUnsafe(1 << 16);
  /** Bytes of `held` that are of the list. */
  let length = 0;
  /** Where the item at hand begins; 0 ahead of the first one. */
  let begin = 0;
  /** Where the next look for its end starts. */
  let looked = 0;
  /** What stands between two items; undefined ahead of the first one. */
  let between: Buffer | undefined;
  let tries = 0;
  let isWhole = false;
  const ahead: Buffer[] = [];

  const keep = (chunk: Buffer): void => {
    if (length + chunk.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * held.length, length + chunk.length));
      held.copy(larger, 0, 0, length);
      held = larger;
    }
    chunk.copy(held, length);
    length += chunk.length;
  };

  /** Finds the first item; `isWhole` where there is none that could be told from the next. */
  const findFirst = (): void => {
    const at = held.subarray(0, length).indexOf(ITEMS);
    const first = at + ITEMS.length;
    if (at === -1 || length < first + FIRST_BYTES) return;
    const [member] = FIRST_MEMBER.exec(held.toString('latin1', first, first + FIRST_BYTES)) ?? [];
    // Closed right here it is a list, or these are the items of something else.
    if (member === undefined || parsed(`${held.toString('utf8', 0, first)}]}`) === undefined) isWhole = true;
    else {
      between = Buffer.from(`},${member}`);
      ahead.push(Buffer.from(held.subarray(0, first)));
      begin = first;
      looked = first;
    }
  };

  const giveItems = (separator: Buffer): void => {
    const list = held.subarray(0, length);
    while (!isWhole) {
      const at = list.indexOf(separator, looked);
      if (at === -1) {
        looked = Math.max(begin, length - separator.length + 1);
        return;
      }
      const item = parsed(list.toString('utf8', begin, at + 1));
      looked = at + 1;
      tries += 1;
      if (item !== undefined) {
        begin = at + 2;
        tries = 0;
        give(item.value);
      } else isWhole = tries === TRIES;
    }
  };

  return {
    write: (chunk) => {
      keep(chunk);
      if (isWhole) return;
      if (between === undefined) findFirst();
      if (between === undefined) return;
      giveItems(between);
      held.copyWithin(0, begin, length);
      length -= begin;
      looked -= begin;
      begin = 0;
    },
    rest: () => new TextDecoder().decode(Buffer.concat([...ahead, held.subarray(0, length)])),
  };
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
