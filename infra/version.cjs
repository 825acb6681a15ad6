/** The version and the commit that a stack is deployed of, which each run has on record: `1.2.3 (0f1e2d3c4b5a)`. */
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');

module.exports.version = () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const commit = commitOf();
  return commit === '' ? version : `${version} (${commit})`;
};

/** As cli/version.ts has it: of the checkout, else of the package; empty where neither says. */
function commitOf() {
  if (!existsSync(join(ROOT, '.git'))) {
    const file = join(ROOT, 'dist', 'commit');
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  }
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['-C', ROOT, 'describe', '--always', '--dirty', '--exclude=*', '--abbrev=12'], options).trim();
  } catch {
    return '';
  }
}
