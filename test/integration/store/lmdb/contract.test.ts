import { lmdbFactory } from '../../../support/lmdb-factory.js';
import { storeContract } from '../../../support/store-contract.js';

storeContract(lmdbFactory());
