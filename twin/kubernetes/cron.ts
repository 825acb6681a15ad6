/** A schedule of five fields, in one time zone. */
export interface Schedule {
  /** The first time after an instant, both in milliseconds since the epoch; undefined where none comes within five years. */
  next(after: number): number | undefined;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const HORIZON = 5 * 366 * DAY;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads a CronJob's schedule as the CronJob controller does (robfig/cron v3, standard parser: five fields, or a descriptor).
 * Undefined for one that it refuses. A time zone is an IANA name; UTC where absent.
 */
export function readSchedule(text: string, timeZone = 'UTC'): Schedule | undefined {
  const fields = (DESCRIPTORS[text.trim()] ?? text).trim().split(/\s+/);
  const [minutes, hours, days, months, weekdays] = [
    readField(fields[0], 0, 59),
    readField(fields[1], 0, 23),
    readField(fields[2], 1, 31),
    readField(fields[3], 1, 12, MONTHS, 1),
    readField(fields[4], 0, 6, DAYS, 0),
  ];
  const clock = clockOf(timeZone);
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays || clock === undefined) return undefined;
  // Where both days are restricted, either will do (crontab(5)).
  const either = !isAny(fields[2]) && !isAny(fields[4]);
  const isDay = ({ day, weekday }: Wall): boolean =>
    either ? days.has(day) || weekdays.has(weekday) : days.has(day) && weekdays.has(weekday);
  return {
    next: (after) => {
      let time = Math.floor(after / MINUTE) * MINUTE + MINUTE;
      while (time <= after + HORIZON) {
        const wall = clock(time);
        if (!months.has(wall.month) || !isDay(wall)) time += (24 * 60 - (wall.hour * 60 + wall.minute)) * MINUTE;
        else if (!hours.has(wall.hour)) time += (60 - wall.minute) * MINUTE;
        else if (!minutes.has(wall.minute)) time += MINUTE;
        else return time;
      }
      return undefined;
    },
  };
}

interface Wall {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

/** What a clock on the wall shows at an instant; undefined for a time zone that nobody knows. */
function clockOf(timeZone: string): ((time: number) => Wall) | undefined {
  const shown = (time: number): Wall => {
    const date = new Date(time);
    return {
      minute: date.getUTCMinutes(),
      hour: date.getUTCHours(),
      day: date.getUTCDate(),
      month: date.getUTCMonth() + 1,
      weekday: date.getUTCDay(),
    };
  };
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return shown;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    return (time) => {
      const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
      return shown(Date.UTC(year, month - 1, day, hour, minute));
    };
  } catch {
    return undefined;
  }
}

function isAny(field = ''): boolean {
  return field.startsWith('*') || field.startsWith('?');
}

function readField(
  field: string | undefined,
  low: number,
  high: number,
  names: readonly string[] = [],
  first = 0,
): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  for (const part of (field ?? '').split(',')) {
    const [range = '', step] = part.split('/');
    const every = step === undefined ? 1 : Number(step);
    const [from, to] = isAny(range) ? [low, high] : range.split('-').map((one) => readNumber(one, names, first));
    const last = to ?? (step === undefined ? from : high);
    const isRight =
      from !== undefined && last !== undefined && from >= low && last <= high && from <= last && Number.isInteger(every) && every > 0;
    if (!isRight) return undefined;
    for (let value = from; value <= last; value += every) found.add(value);
  }
  return found;
}

function readNumber(text: string, names: readonly string[], first: number): number | undefined {
  const index = names.indexOf(text.toLowerCase());
  if (index !== -1) return index + first;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
