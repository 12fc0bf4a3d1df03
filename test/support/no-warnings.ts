/** A test in which node warns of too many listeners fails: that many wait on something for ever. */
import type { RootHookObject } from 'mocha';

const warnings: Error[] = [];

process.on('warning', (warning) => {
  if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
});

export const mochaHooks: RootHookObject = {
  afterEach() {
    const [first] = warnings.splice(0);
    if (first !== undefined) throw first;
  },
};
