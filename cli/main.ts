import { keepCompiledCode } from './compiled-code.js';

// Ahead of all that it is to be kept of.
keepCompiledCode();
const { main } = await import('./start.ts');
process.exitCode = await main(process.argv.slice(2));
// a reader that went away (head, less) is no fault of the command
process.exit();
