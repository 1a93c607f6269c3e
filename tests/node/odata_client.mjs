// What a program does with @odata/client: create, read, update and delete, filters, and batches in both formats.
// Its argument is a description in JSON: the service's address and a token. It prints what it found as JSON.
import { createRequire } from "node:module";

const { OData } = createRequire(import.meta.url)("@odata/client");
const asked = JSON.parse(process.argv[2]);
const client = OData.New4({
  serviceEndpoint: `${asked.url}/beta/`, commonHeaders: { Authorization: `Bearer ${asked.token}` },
});
const collection = "deviceManagement/managedDeviceWindowsOSImages";
const set = client.getEntitySet(collection);
const found = {};

for (const number of [1, 2, 3]) {
  await set.create({ id: `Image ${number}`, supportedArchitectures: number % 2 ? ["x64"] : ["arM64"] });
}
found.one = (await set.retrieve("Image 2")).supportedArchitectures;
found.found = (await set.find({ id: "Image 3" })).map((each) => each.id);
found.filtered = (await set.query(client.newOptions()
  .filter("supportedArchitectures/any(a:a eq 'x64')").orderby("id", "desc").select("id").top(5))).map((each) => each.id);
found.between = (await set.query(client.newFilter().property("id").gt("'Image 1'"))).map((each) => each.id);
found.count = await set.count();
await set.update("Image 1", { supportedArchitectures: ["x86"] });
found.updated = (await set.retrieve("Image 1")).supportedArchitectures;
await set.delete("Image 1");
found.left = await set.count();
found.error = await set.retrieve("Image 1").catch((error) => error.message);

const add = (id) => client.newBatchRequest({ collection, method: "POST", entity: { id }, withContentLength: false });
const told = async (replies) => Promise.all(replies.map(async (each) => {
  const body = each.status === 204 ? {} : await each.json();
  return [each.status, body.id ?? body.value?.length ?? body.error?.code];
}));
found.multipart = await told(await client.execBatchRequests([
  add("Batched"), client.newBatchRequest({ collection, params: client.newOptions().top(2) }), add("Batched"),
]));
const together = (id) => client.newBatchRequest({ collection, method: "POST", entity: { id }, atomicityGroup: "g" });
found.json = await told(await client.execBatchRequestsJson([
  together("Together"), together("Batched"), client.newBatchRequest({ collection, params: client.newOptions().top(1) }),
]));
found.end = await set.count();
console.log(JSON.stringify(found));
