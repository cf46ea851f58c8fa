// Mocha's own report, and after it by name what passed on its second try only: a test that needs luck is told, not hidden.
const { reporters, Runner } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const tries = [];
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => tries.push({ title: test.fullTitle(), error }));
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const { title, error } of tries)
        console.log(
          `  tried again: ${title}\n    ${(error?.stack ?? String(error)).split('\n').slice(0, 12).join('\n    ')}`,
        );
    });
  }
};
