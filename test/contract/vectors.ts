import { compareVectors, lineOf, vectorsFile } from './webhook-vectors.ts';

/** How many differences are told; the count is of all. */
const TOLD = 20;

try {
  const comparison = await compareVectors(await vectorsFile(process.env));
  process.stderr.write(`${comparison.path}\n${comparison.provenance}\n`);
  for (const { name, how } of comparison.different.slice(0, TOLD))
    process.stderr.write(`${name}\n${how.map((one) => `  ${one}\n`).join('')}`);
  process.stdout.write(`${lineOf(comparison)}\n`);
  process.exitCode = comparison.holds ? 0 : 1;
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
