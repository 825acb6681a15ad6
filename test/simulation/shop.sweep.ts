import { describe } from 'vitest';
import { EXAMPLE } from './scenario.ts';
import { sweep } from './sweep.ts';

describe(`a migration of ${EXAMPLE}`, () => sweep(EXAMPLE));
