/** The schemas of docs/events in EventBridge's schema registry, for code bindings and for whoever browses the console. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const FILES = ['cluster-drifted', 'run-state-changed', 'unit-state-changed'];

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  return {
    Resources: {
      EventSchemaRegistry: {
        Type: 'AWS::EventSchemas::Registry',
        Properties: { RegistryName: `podshift-${stage}`, Description: 'The events of podshift' },
      },
      ...Object.fromEntries(FILES.map(schema)),
    },
  };
};

function schema(file) {
  const text = readFileSync(join(__dirname, '../docs/events', `${file}.json`), 'utf8');
  const { title } = JSON.parse(text);
  const id = `${title.replaceAll(' ', '')}Schema`;
  return [
    id,
    {
      Type: 'AWS::EventSchemas::Schema',
      Properties: {
        RegistryName: { 'Fn::GetAtt': ['EventSchemaRegistry', 'RegistryName'] },
        SchemaName: `podshift@${title.replaceAll(' ', '')}`,
        Type: 'JSONSchemaDraft4',
        Content: text,
      },
    },
  ];
}
