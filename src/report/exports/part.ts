import { stringify } from 'yaml';
import type { OwnerFact } from '../../model/owner.ts';
import { FILE_NAMES, namesFor } from './names.ts';
import type { ExportedAddon, ExportedRole, ExportedUnit, ExportSource } from './source.ts';

/** What of an export belongs into one owner's code: what one format writes into one folder. */
export interface Part {
  readonly of: ExportSource['of'];
  readonly id: string;
  readonly cluster: ExportSource['cluster'];
  /** Whose code it is; null where the format was asked for, or nobody owns it. */
  readonly owner: OwnerFact | null;
  /** Roles whose trust policy is this owner's. */
  readonly roles: readonly ExportedRole[];
  /** Units whose association goes into this owner's code. */
  readonly associations: readonly ExportedUnit[];
  /** Units whose annotations, templates and bindings stand in this owner's code. */
  readonly objects: readonly ExportedUnit[];
  readonly addons: readonly ExportedAddon[];
}

/** One file of an export; its path is relative, with `/`. */
export interface ExportFile {
  readonly path: string;
  /** Ends with a line break. */
  readonly content: string;
}

/** What a format makes of a part: its files, and the steps for a person, in their order, each a paragraph of Markdown. */
export interface Rendered {
  readonly files: readonly ExportFile[];
  readonly steps: readonly string[];
}

/** A format: how one kind of code says what was changed. Pure. */
export type Renderer = (part: Part) => Rendered;

/** What every file begins with, a line of comment each, after the format's own mark (`#`, `//`). Pure. */
export function headOf({ of, id, cluster }: Part, mark: string): string {
  const origin = of === 'run' ? `run ${id}` : `the plan ${id.slice(0, 12)}, of which nothing is done yet`;
  return `${mark} Made by podshift export from ${origin}, cluster ${cluster.name} (${cluster.region}).\n`;
}

/** Each role's whole trust policy, and podshift's statements in it, as JSON. Pure. */
export function trustFiles({ roles }: Part, names: ReadonlyMap<string, string>): ExportFile[] {
  return roles.flatMap(({ roleArn, statements, document }) => {
    const name = names.get(roleArn) ?? '';
    return [
      { path: `trust/${name}.json`, content: json(JSON.parse(document)) },
      { path: `trust/${name}.statements.json`, content: json(statements) },
    ];
  });
}

/** The name of each role's files. Pure. */
export function roleFiles({ roles }: Part): ReadonlyMap<string, string> {
  const pathOf = (arn: string): string => arn.slice(arn.indexOf('/') + 1);
  const names = namesFor(
    roles.map(({ roleArn }) => pathOf(roleArn)),
    FILE_NAMES,
  );
  return new Map(roles.map(({ roleArn }) => [roleArn, names.get(pathOf(roleArn)) ?? '']));
}

/** YAML without folded lines and aliases. Pure. */
export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** JSON for people, with a line break at the end. Pure. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A list of names in Markdown: a line each. Pure. */
export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
