/** Of the examiner, as an NVA has one. Every run has the same, so that an NVE accepts the next one, too. */
export const STORE_ID = 'nfvd-conformance';
