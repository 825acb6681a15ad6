/** What the product is built of. package.json has it among the development dependencies: bundles carry it (docs/decisions/0034-the-npm-package.md). */
const LIBRARIES = [
  '@aws-lambda-powertools/[^/]+',
  '@aws-sdk/[^/]+',
  '@middy/core',
  '@smithy/[^/]+',
  'asl-validator',
  'aws-local-stepfunctions',
  'commander',
  'diff',
  'p-limit',
  'selfsigned',
  'yaml',
  'zod',
];

/** The arrows between the rooms: see docs/decisions/0001-rooms.md. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'product-knows-no-engine-twin-or-cli',
      comment: 'src and functions run in Lambda; the local engine, the twin and the command line are built on them',
      severity: 'error',
      from: { path: '^(src|functions)/' },
      to: { path: '^(engine|twin|cli|test|bench)/' },
    },
    {
      name: 'core-is-pure',
      comment: 'model, trust and plan decide over data: no SDK, no gateway, no built-in with effects',
      severity: 'error',
      from: { path: '^src/(model|trust|plan)/' },
      to: {
        path: [
          '^src/(aws|kubernetes|journal|inventory|capture|migration|verification|report)/',
          'node_modules/(@aws-sdk|@smithy|@kubernetes)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'trust-and-model-stand-below-plan',
      severity: 'error',
      from: { path: '^src/(trust|model)/' },
      to: { path: '^src/(plan|inventory|migration|verification|journal|aws|kubernetes|report)/' },
    },
    {
      name: 'gateways-are-handed-in',
      comment: 'only the edges that compose a runtime may make gateways',
      severity: 'error',
      from: { path: '^src/(inventory|plan|trust|model|migration|verification|report)/' },
      to: {
        path: [
          '^src/aws/(?!gateways)',
          '^src/kubernetes/(?!gateway\\.ts|resources\\.ts)',
          '^src/journal/(?!(journal|numbers|unit-notes)\\.ts)',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-the-command-line-captures',
      comment: 'a snapshot is for whoever takes it on a machine: nothing of the deployed service writes one',
      severity: 'error',
      from: { path: '^(functions|engine|src/(?!capture/))' },
      to: { path: '^src/capture/' },
    },
    {
      name: 'captures-read-alone',
      comment: 'what a capture keeps is what an inventory asked for; it decides and changes nothing',
      severity: 'error',
      from: { path: '^src/capture/' },
      to: { path: '^src/(plan|trust|migration|journal|report|service|fleet)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'twin-judges-the-product',
      comment: 'a twin that shared the decisions of the product could not find their bugs',
      severity: 'error',
      from: { path: '^twin/' },
      to: { path: '^src/(trust|plan|inventory|capture|migration|verification|journal|aws|report)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'functions-stand-alone',
      severity: 'error',
      from: { path: '^functions/(?!middleware|runtime)' },
      to: { path: '^functions/(?!middleware|runtime)' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(src|functions|cli|engine|twin)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: `^node_modules/(${LIBRARIES.join('|')})/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
