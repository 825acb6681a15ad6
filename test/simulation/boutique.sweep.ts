import { describe } from 'vitest';
import { BOUTIQUE } from './scenario.ts';
import { sweep } from './sweep.ts';

describe(`a migration of ${BOUTIQUE}`, () => sweep(BOUTIQUE));
