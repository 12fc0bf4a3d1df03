import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'node_modules/',
      'src/rpc/gen/',
      'src/vpp-api/generated/',
      'test/fixtures/',
      '*.cjs',
    ],
  },
  js.configs.recommended,
  {
    // Of Node's globals, what cannot be imported.
    files: ['examples/**/*.mjs'],
    languageOptions: { globals: { AbortSignal: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A boundary is parsed, never asserted; `as const` stays possible.
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: false, allowAny: false, allowNullish: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 16],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    // What nfvctl joins goes with its process; a file is checked once.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/main/vpp-access.ts', 'src/store/lmdb/verify-aside.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'AbortSignal',
          property: 'any',
          message:
            'It leaves something on a signal that outlives it: see src/nva/joined-signal.ts.',
        },
      ],
    },
  },
  {
    // A mocha suite is one long function of short ones.
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
);
