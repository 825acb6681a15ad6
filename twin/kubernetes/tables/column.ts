import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';

/** One column of a table: its title, a cell of it (`now` in milliseconds), and whether it is shown by `-o wide` alone. */
export interface Column {
  readonly title: string;
  readonly cell: (object: KubernetesObject, now: number) => string | number | boolean;
  readonly wide?: boolean;
  /** OpenAPI's type; text where absent. */
  readonly type?: string;
}

/** A column that is always shown. */
export const column = (title: string, cell: Column['cell']): Column => ({ title, cell });

/** A column of `-o wide`. */
export const wide = (title: string, cell: Column['cell']): Column => ({ title, cell, wide: true });

export const NAME: Column = column('Name', ({ metadata: { name } }) => name);
export const AGE: Column = column('Age', ({ metadata }, now) => since(metadata.creationTimestamp, now));
export const CREATED: Column = column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '<unknown>');

/** How long ago an instant was, as tables say it; one that nobody knows is unknown. */
export function since(instant: unknown, now: number): string {
  const at = typeof instant === 'string' ? Date.parse(instant) : Number.NaN;
  return Number.isNaN(at) ? '<unknown>' : humanAge(now - at);
}

/** A time span as k8s.io/apimachinery pkg/util/duration prints it: two units at most, the coarser the longer. */
export function humanAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (whole: number, unit: string, rest: number, restUnit: string): string =>
    `${whole}${unit}${rest === 0 ? '' : `${rest}${restUnit}`}`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  if (days < 8 * 365) return two(Math.floor(days / 365), 'y', days % 365, 'd');
  return `${Math.floor(days / 365)}y`;
}

/** Labels as `k=v,…`; `<none>` of none. */
export function pairs(labels: Readonly<Record<string, string>> | undefined): string {
  const each = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return each.sort().join(',') || '<none>';
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** A label selector as text (k8s.io/apimachinery pkg/apis/meta/v1, FormatLabelSelector). */
export function selectorText(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`;
  });
  return [...labels, ...expressions].sort().join(',') || '<none>';
}

/** Names and images of a template's containers, for `-o wide`. */
export function containerColumns(podSpec: (object: KubernetesObject) => unknown): Column[] {
  const containers = (object: KubernetesObject) =>
    ((podSpec(object) as { containers?: readonly { name: string; image?: string }[] } | undefined)?.containers ?? []) as readonly {
      name: string;
      image?: string;
    }[];
  return [
    wide('Containers', (object) =>
      containers(object)
        .map(({ name }) => name)
        .join(','),
    ),
    wide('Images', (object) =>
      containers(object)
        .map(({ image = '' }) => image)
        .join(','),
    ),
  ];
}
