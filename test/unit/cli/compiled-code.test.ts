import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../../cli/compiled-code.js';

describe('cacheFolder', () => {
  it.each([
    ['linux', {}, '/home/ada/.cache/podshift'],
    ['linux', { XDG_CACHE_HOME: '/var/tmp/ada' }, '/var/tmp/ada/podshift'],
    ['linux', { XDG_CACHE_HOME: 'relative' }, '/home/ada/.cache/podshift'],
    ['darwin', { XDG_CACHE_HOME: '' }, '/home/ada/.cache/podshift'],
  ] as const)('on %s with %o', (platform, environment, expected) => {
    expect(cacheFolder({ platform, environment, home: '/home/ada' })).toBe(expected);
  });

  it.each([
    [{ LOCALAPPDATA: 'D:\\Local' }, 'D:\\Local\\podshift\\cache'],
    [{}, 'C:\\Users\\ada\\AppData\\Local\\podshift\\cache'],
  ])('on Windows with %o', (environment, expected) => {
    expect(cacheFolder({ platform: 'win32', environment, home: 'C:\\Users\\ada' })).toBe(expected);
  });
});
