import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What one suite showed of one backend. */
interface Tally {
  /** Behaviours by title, and whether they held; declared exceptions apart. */
  readonly held: Map<string, boolean>;
  readonly exceptions: Map<string, { readonly why: string; readonly differs: boolean }>;
}

/**
 * Prints, for each suite that runs over several backends, how many behaviours were compared on each and which exceptions
 * are declared. A suite is a `describe` titled `SUITE over BACKEND`; behaviours are compared by their titles. A failure, or
 * a behaviour that is asked of one backend only, is an undeclared exception and fails the run.
 */
export default class ContractReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = tallies(modules);
    const lines: string[] = ['', 'Contract: the same behaviours over every backend'];
    const declared: string[] = [];
    let undeclared = 0;
    for (const [suite, backends] of [...suites].filter(([, one]) => one.size > 1)) {
      const titles = new Set([...backends.values()].flatMap(({ held, exceptions }) => [...held.keys(), ...exceptions.keys()]));
      for (const [backend, { held, exceptions }] of backends) {
        const compared = [...titles].filter((title) => held.get(title) === true).length;
        const different = titles.size - compared - exceptions.size + [...exceptions.values()].filter(({ differs }) => !differs).length;
        undeclared += different;
        lines.push(
          `  ${`${suite} over ${backend}`.padEnd(42)} ${String(compared).padStart(4)} of ${titles.size} compared, ${exceptions.size} declared, ${different} undeclared`,
        );
        for (const [title, { why }] of exceptions) declared.push(`  ${suite} over ${backend}: ${title}\n    ${why}`);
      }
    }
    for (const [suite, backends] of [...suites].filter(([, one]) => one.size === 1)) {
      lines.push(`  ${`${suite} over ${[...backends.keys()][0]}`.padEnd(42)} nothing to compare with on this machine`);
    }
    for (const { line } of modules.flatMap((module) => [...module.children.allTests()]).map((test) => test.meta()))
      if (line !== undefined) lines.push(line);
    lines.push(
      declared.length === 0 ? 'Declared exceptions: none' : 'Declared exceptions:',
      ...declared,
      `Undeclared exceptions: ${undeclared}`,
      '',
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    if (undeclared > 0) process.exitCode = 1;
  }
}

function tallies(modules: readonly TestModule[]): Map<string, Map<string, Tally>> {
  const suites = new Map<string, Map<string, Tally>>();
  for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
    const path = pathOf(test);
    const at = path.slice(0, -1).findIndex((name) => name.includes(' over '));
    const [suite = '', backend = ''] = path[at]?.split(' over ') ?? [];
    if (at === -1 || test.result().state === 'skipped') continue;
    const backends = suites.get(suite) ?? new Map<string, Tally>();
    suites.set(suite, backends);
    const tally = backends.get(backend) ?? { held: new Map(), exceptions: new Map() };
    backends.set(backend, tally);
    const title = path.slice(at + 1).join(' > ');
    const passed = test.result().state === 'passed';
    const why = test.meta().exception;
    if (why === undefined) tally.held.set(title, passed);
    else tally.exceptions.set(title, { why, differs: passed });
  }
  return suites;
}

/** Titles from the outermost `describe` to the test. */
function pathOf(test: TestCase): string[] {
  const path = [test.name];
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) path.unshift(parent.name);
  return path;
}
