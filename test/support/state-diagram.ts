import type { Machine, State } from './definition-suite.ts';

interface ChoiceRule {
  readonly Next: string;
  readonly Variable?: string;
  readonly [operator: string]: unknown;
}

const OPERATORS: Readonly<Record<string, string>> = {
  StringEquals: '=',
  NumericEquals: '=',
  NumericGreaterThan: '>',
  NumericLessThan: '<',
};

/** From this many Tasks on that fail to one state, one arrow stands for them all, where every Task of the machine has such an arrow. */
const MANY = 4;

/** A flowchart of Mermaid, made of a machine: every state, every way between states, and where a failed Task leads. */
export function stateDiagram(machine: Machine): string {
  return ['flowchart TD', '  begin((begin))', ...scope(machine, 'begin', 'over').map((line) => `  ${line}`), '  over((end))'].join('\n');
}

function scope(machine: Machine, begin: string, over: string): string[] {
  const states = Object.entries(machine.States);
  const collected = collectedTarget(machine);
  const ways = states.flatMap(([name, state]) => [...next(name, state, over), ...failures(name, state, collected)]);
  const failed = collected === undefined ? [] : [`${collected}Failed>any other Task that fails] -.-> ${collected}`];
  return [`${begin} --> ${machine.StartAt}`, ...states.flatMap(([name, state]) => node(name, state)), ...ways, ...failed];
}

function node(name: string, state: State): string[] {
  if (state.Type === 'Choice') return [`${name}{${name}}`];
  if (state.Type === 'Wait') return [`${name}([${name}])`];
  if (state.Type === 'Pass') return [`${name}(${name})`];
  if (state.Type === 'Fail') return [`${name}[/${name}: ${String(state.Error)}/]`];
  if (state.Type !== 'Map') return [`${name}[${name}]`];
  const title = `${name}: each of ${path(state.ItemsPath)}, ${String(state.MaxConcurrency)} at a time`;
  const processor = state.ItemProcessor as Machine | string | undefined;
  if (typeof processor !== 'object') {
    const file = /([\w-]+)\.asl\.yaml/.exec(String(processor))?.[1] ?? '';
    return [`${name}[["${title}, by ${file}"]]`];
  }
  const [begin, over] = [`${name}Begin`, `${name}End`];
  const inner = [`${begin}((begin))`, ...scope(processor, begin, over), `${over}((end))`];
  return [`subgraph ${name}["${title}"]`, ...inner.map((line) => `  ${line}`), 'end'];
}

function next(name: string, state: State, over: string): string[] {
  if (state.Type === 'Choice') {
    const rules = (state.Choices as readonly ChoiceRule[]).map((rule) => `${name} -->|"${condition(rule)}"| ${rule.Next}`);
    return [...rules, `${name} -->|else| ${String(state.Default)}`];
  }
  if (state.Type === 'Fail') return [];
  return [`${name} --> ${state.End === true ? over : String(state.Next)}`];
}

function failures(name: string, state: State, collected: string | undefined): string[] {
  return catches(state)
    .filter((target) => target !== collected)
    .map((target) => `${name} -. fails .-> ${target}`);
}

function catches(state: State): string[] {
  return (state.Catch ?? []).map((rule) => String(rule.Next));
}

/** The state that most Tasks fail to, where one arrow can stand for them. */
function collectedTarget(machine: Machine): string | undefined {
  const tasks = Object.values(machine.States).filter(({ Type }) => Type === 'Task');
  if (tasks.some((state) => catches(state).length === 0)) return undefined;
  const counts = Map.groupBy(tasks.flatMap(catches), (target) => target);
  const [target, sources] = [...counts].sort(([, one], [, other]) => other.length - one.length)[0] ?? ['', []];
  return sources.length >= MANY ? target : undefined;
}

function condition({ Next: _next, Variable, ...rest }: ChoiceRule): string {
  const [[operator, value] = ['', '']] = Object.entries(rest);
  const variable = path(Variable);
  if (operator === 'IsPresent') return `${variable} is ${value === true ? 'there' : 'not there'}`;
  if (operator === 'BooleanEquals') return value === true ? variable : `not ${variable}`;
  return `${variable} ${OPERATORS[operator] ?? operator} ${String(value)}`;
}

function path(value: unknown): string {
  return String(value).replace(/^\$\./, '');
}
