import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../support/definition-suite.ts';
import { readDefinition } from '../../support/definitions.ts';
import { stateDiagram } from '../../support/state-diagram.ts';

const root = new URL('../../../', import.meta.url);
const page = fileURLToPath(new URL('docs/state-machines.md', root));

const INTRODUCTION = `# State machines

Made from \`statemachine/*.asl.yaml\` by \`npm run state-machines\`; a test keeps it in step.

A box is a Task, which calls the function of its name; a diamond a Choice; a rounded box a Wait or a Pass; a frame a Map, one child
execution for each item. A dotted arrow is where a Task leads that failed after all its retries; a Task without one fails the execution.
`;

async function definitions(): Promise<[string, Machine][]> {
  const files = (await readdir(new URL('statemachine/', root))).filter((file) => file.endsWith('.asl.yaml'));
  const names = files.map((file) => file.replace('.asl.yaml', '')).sort();
  return Promise.all(names.map(async (name) => [name, await readDefinition(name)]));
}

describe('docs/state-machines.md', () => {
  it('is what the definitions make (npm run state-machines writes it)', async () => {
    const parts = (await definitions()).map(
      ([name, machine]) => `## ${name}\n\n${String(machine.Comment)}\n\n\`\`\`mermaid\n${stateDiagram(machine)}\n\`\`\`\n`,
    );
    await expect([INTRODUCTION, ...parts].join('\n')).toMatchFileSnapshot(page);
  });

  it('draws every state once, and every way between two states', () => {
    const machine: Machine = {
      StartAt: 'First',
      States: {
        First: { Type: 'Task', Next: 'Which', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Lost' }] },
        Which: {
          Type: 'Choice',
          Choices: [
            { Variable: '$.first.count', NumericGreaterThan: 0, Next: 'Each' },
            { Variable: '$.first.ready', BooleanEquals: false, Next: 'Pause' },
          ],
          Default: 'Done',
        },
        Pause: { Type: 'Wait', SecondsPath: '$.first.waitSeconds', Next: 'First' },
        Each: {
          Type: 'Map',
          ItemsPath: '$.first.items',
          MaxConcurrency: 2,
          ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Task', End: true } } },
          Next: 'Done',
        },
        Done: { Type: 'Pass', End: true },
        Lost: { Type: 'Fail', Error: 'ServiceUnavailable' },
      },
    };
    expect(stateDiagram(machine).split('\n')).toEqual([
      'flowchart TD',
      '  begin((begin))',
      '  begin --> First',
      '  First[First]',
      '  Which{Which}',
      '  Pause([Pause])',
      '  subgraph Each["Each: each of first.items, 2 at a time"]',
      '    EachBegin((begin))',
      '    EachBegin --> One',
      '    One[One]',
      '    One --> EachEnd',
      '    EachEnd((end))',
      '  end',
      '  Done(Done)',
      '  Lost[/Lost: ServiceUnavailable/]',
      '  First --> Which',
      '  First -. fails .-> Lost',
      '  Which -->|"first.count > 0"| Each',
      '  Which -->|"not first.ready"| Pause',
      '  Which -->|else| Done',
      '  Pause --> First',
      '  Each --> Done',
      '  Done --> over',
      '  over((end))',
    ]);
  });

  it('draws one arrow for the many Tasks that fail to the same state', () => {
    const task = (name: string, Next: string) =>
      [name, { Type: 'Task', End: true, Catch: [{ ErrorEquals: ['States.ALL'], Next }] }] as const;
    const States = Object.fromEntries([task('A', 'Undo'), task('B', 'Undo'), task('C', 'Undo'), task('D', 'Undo'), task('Undo', 'Lost')]);
    const lines = stateDiagram({ StartAt: 'A', States: { ...States, Lost: { Type: 'Pass', End: true } } }).split('\n');
    expect(lines.filter((line) => line.includes('-.'))).toEqual([
      '  Undo -. fails .-> Lost',
      '  UndoFailed>any other Task that fails] -.-> Undo',
    ]);
  });
});
