import { VARIABLE_JUDGES, WORD_JUDGES } from '../../inventory/judgements.ts';
import { isWayVariable } from '../../inventory/overrides.ts';
import { replacementOf, type Token } from './replacement.ts';

/** A text in an object that can be a secret, and what would stand for it. */
export interface Leaf {
  readonly holder: Record<string | number, unknown>;
  readonly key: string | number;
  readonly text: string;
  readonly replacement: string;
}

type Holder = Record<string, unknown>;

/** Every variable's value, argument, header and message of an object, wherever it stands; what is a pod's is in its templates too. */
export function podLeaves(object: unknown, token: Token): Leaf[] {
  const found: Leaf[] = [];
  walk(object, (holder) => {
    for (const [key, value] of Object.entries(holder)) found.push(...leavesOf(holder, key, value, token));
  });
  return found;
}

function leavesOf(holder: Holder, key: string, value: unknown, token: Token): Leaf[] {
  if (key === 'env' && Array.isArray(value)) return value.filter(isHolder).flatMap((one) => variable(one, token));
  if (key === 'httpHeaders' && Array.isArray(value)) return value.filter(isHolder).flatMap((one) => plain(one, 'value', token));
  if (key === 'terminated' && isHolder(value)) return plain(value, 'message', token);
  // The program that is started says what a container is; what it is given may be a secret.
  if (key === 'command') return words(holder, key, value, token, 1);
  return key === 'args' ? words(holder, key, value, token, 0) : [];
}

function variable(holder: Holder, token: Token): Leaf[] {
  const { name, value: text } = holder;
  if (typeof text !== 'string' || text === '' || (typeof name === 'string' && isWayVariable(name))) return [];
  return [{ holder, key: 'value', text, replacement: replacementOf(text, VARIABLE_JUDGES, token) }];
}

function plain(holder: Holder, key: string, token: Token): Leaf[] {
  const text = holder[key];
  return typeof text === 'string' && text !== '' ? [{ holder, key, text, replacement: token(text) }] : [];
}

function words(holder: Holder, key: string, value: unknown, token: Token, from: number): Leaf[] {
  if (typeof value === 'string') return word(holder, key, value, token);
  if (!Array.isArray(value)) return [];
  return value.flatMap((one, index) => (index < from || typeof one !== 'string' ? [] : word(value as never, index, one, token)));
}

/** A flag's name is no secret; what follows it may be. */
const FLAG = /^(--[A-Za-z][\w.-]*)(?:=([\s\S]*))?$/;

function word(holder: Leaf['holder'], key: string | number, text: string, token: Token): Leaf[] {
  const [, flag, given] = FLAG.exec(text) ?? [];
  if (text === '' || (flag !== undefined && (given ?? '') === '')) return [];
  const replacement =
    flag === undefined
      ? replacementOf(text, WORD_JUDGES, token)
      : replacementOf(given as string, WORD_JUDGES, token, (rest) => `${flag}=${rest}`);
  return [{ holder, key, text, replacement }];
}

/** Every text of an object beside what names it, but under keys of annotations and labels, which have a slash. */
export function textLeaves(object: Holder, replace: (text: string) => string): Leaf[] {
  const found: Leaf[] = [];
  const look = (holder: Leaf['holder'], key: string | number, value: unknown): void => {
    if (typeof value === 'string') {
      if (value !== '' && !String(key).includes('/')) found.push({ holder, key, text: value, replacement: replace(value) });
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => void look(value as never, index, item));
    } else if (isHolder(value)) for (const [inner, item] of Object.entries(value)) look(value, inner, item);
  };
  for (const [key, value] of Object.entries(object)) if (!['apiVersion', 'kind', 'metadata'].includes(key)) look(object, key, value);
  return found;
}

/**
 * Puts the replacements in place, but where `judge` would then answer otherwise: such texts are judged, and stay. The object that holds
 * them is changed.
 */
export function replaceLeaves(leaves: readonly Leaf[], judge: () => unknown): void {
  const verdict = JSON.stringify(judge());
  const settle = (some: readonly Leaf[]): void => {
    for (const { holder, key, replacement } of some) holder[key] = replacement;
    if (some.length === 0 || JSON.stringify(judge()) === verdict) return;
    for (const { holder, key, text } of some) holder[key] = text;
    if (some.length === 1) return;
    const half = Math.ceil(some.length / 2);
    settle(some.slice(0, half));
    settle(some.slice(half));
  };
  settle(leaves);
}

/** Every record of a value, the outer ones first. */
export function walk(value: unknown, visit: (holder: Holder) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isHolder(value)) {
    visit(value);
    for (const inner of Object.values(value)) walk(inner, visit);
  }
}

function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
