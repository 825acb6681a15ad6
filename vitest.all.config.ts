import { configDefaults, defineConfig } from 'vitest/config';
import quick, { INCLUDED } from './vitest.config.ts';

/** All that needs nothing but Node: what npm test runs, and whole migrations, the packaged service and the command as a process. */
export default defineConfig({ test: { ...quick.test, include: INCLUDED, exclude: configDefaults.exclude } });
