import { readConfig } from './config.ts';
import { createService } from './server.ts';
import { Store } from './store.ts';

const config = readConfig(process.env);
const store = new Store(config.dataFile);
await store.load();
createService(config, store).listen(config.port, () => {
  console.log(`Short links at ${config.publicUrl}`);
});
