import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AGE, type Column, NAME, since } from './column.ts';

/** A column as a CustomResourceDefinition has it. */
interface PrinterColumn {
  readonly name: string;
  readonly type?: string;
  readonly priority?: number;
  readonly jsonPath?: string;
}

/**
 * Columns of a custom kind: those of its definition's version, or name and age where it has none
 * (k8s.io/apiextensions-apiserver pkg/registry/customresource/tableconvertor).
 */
export function customColumns(definition: KubernetesObject | undefined, version: string): readonly Column[] {
  const versions: readonly { readonly name: string; readonly additionalPrinterColumns?: readonly PrinterColumn[] }[] =
    definition?.spec?.versions ?? [];
  const columns = versions.find(({ name }) => name === version)?.additionalPrinterColumns ?? [];
  if (columns.length === 0) return [NAME, AGE];
  return [
    NAME,
    ...columns.map(({ name, type = 'string', priority = 0, jsonPath = '' }): Column => {
      const parts = pathOf(jsonPath);
      return {
        title: name,
        type,
        wide: priority > 0,
        cell: (object, now) => cellOf(valuesAt(object, parts), type, now),
      };
    }),
  ];
}

function cellOf(values: readonly unknown[], type: string, now: number): string | number | boolean {
  const [value] = values;
  if (value === undefined || value === null) return '';
  if (type === 'date') return since(value, now);
  if (values.length === 1 && typeof value === 'object') return JSON.stringify(value);
  return values.length === 1 && type !== 'string' && typeof value !== 'object'
    ? (value as number | boolean)
    : values.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(',');
}

/** One step of a path: a member, an index, all items, or the items of which a member has a value. */
type Step =
  | { readonly member: string }
  | { readonly index: number }
  | { readonly all: true }
  | { readonly where: readonly string[]; readonly equals: string };

/** Steps of a JSONPath as definitions use it: `.spec.a`, `.a['b.c']`, `.a[0]`, `.a[*].b`, `.a[?(@.type=="Ready")].status`. */
function pathOf(path: string): readonly Step[] {
  const pattern = /\[\?\(@\.([\w.-]+)\s*==\s*['"]([^'"]*)['"]\)\]|\[['"]([^'"]+)['"]\]|\[(-?\d+)\]|\[(\*)\]|\.((?:\\.|[^.[\]\\])+)/g;
  return [...path.matchAll(pattern)].map(([, where, equals = '', quoted, index, all, member = '']): Step => {
    if (where !== undefined) return { where: where.split('.'), equals };
    if (index !== undefined) return { index: Number(index) };
    if (all !== undefined) return { all: true };
    return { member: quoted ?? member.replaceAll('\\', '') };
  });
}

function valuesAt(object: unknown, steps: readonly Step[]): unknown[] {
  return steps.reduce<unknown[]>((values, step) => values.flatMap((value) => next(value, step)), [object]);
}

function next(value: unknown, step: Step): unknown[] {
  if ('member' in step) {
    const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step.member] : undefined;
    return found === undefined ? [] : [found];
  }
  if (!Array.isArray(value)) return [];
  if ('index' in step) return value.slice(step.index, step.index === -1 ? undefined : step.index + 1);
  if ('all' in step) return value;
  return value.filter((item) =>
    valuesAt(
      item,
      step.where.map((member) => ({ member })),
    ).some((found) => String(found) === step.equals),
  );
}
