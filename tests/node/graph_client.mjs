// What a program does with Microsoft's Graph client: lists, filters, pages, writes, batches and errors.
// Its argument is a description in JSON: the service's address and a token. It prints what it found as JSON.
import { BatchRequestContent, BatchResponseContent, Client, GraphError, PageIterator }
  from "@microsoft/microsoft-graph-client";

const asked = JSON.parse(process.argv[2]);
const client = Client.init({
  authProvider: (done) => done(null, asked.token), baseUrl: asked.url, defaultVersion: "beta",
  customHosts: new Set([new URL(asked.url).hostname]),
});
const set = "/deviceManagement/managedDeviceWindowsOSImages";
const found = {};

for (const number of [1, 2, 3, 4, 5]) {
  await client.api(set).post({ id: `Image/${number}`, supportedArchitectures: number % 2 ? ["x64"] : ["arM64"] });
}
found.made = (await client.api(`${set}/${encodeURIComponent("Image/1")}`).get()).supportedArchitectures;
found.filtered = (await client.api(set).filter("supportedArchitectures/any(a:a eq 'x64')").select("id").orderby("id desc")
  .top(2).count(true).get());
found.number = await client.api(`${set}/$count`).get();

const seen = [];
const first = await client.api(set).header("Prefer", "odata.maxpagesize=2").select("id").get();
await new PageIterator(client, first, (image) => { seen.push(image.id); return true; },
  { headers: { Prefer: "odata.maxpagesize=2" } }).iterate();
found.seen = seen;

// With $top alone, which is the size of a page: as Graph's own documentation of the iterator shows it.
for (const [name, path] of [["top", set], ["all", `${set}/${encodeURIComponent("Image/1")}/getAllManagedDeviceWindowsOSImages`]]) {
  const page = await client.api(path).select("id").top(2).get();
  const ids = [];
  const links = [];
  const iterator = new PageIterator(client, page, (image) => { ids.push(image.id); return true; });
  await iterator.iterate();
  for (let next = page; next; next = next["@odata.nextLink"] && await client.api(next["@odata.nextLink"]).get()) {
    links.push(next.value.length);
  }
  found[name] = { ids, sizes: links, complete: iterator.isComplete() };
}

const item = client.api(`${set}/${encodeURIComponent("Image/2")}`);
found.patched = (await item.patch({ supportedArchitectures: ["x86"] })).supportedArchitectures;
found.replaced = (await client.api(`${set}/new`).put({ supportedArchitectures: ["arm"] })).id;
await client.api(`${set}/new`).delete();

const request = (path, init) => new Request(`${asked.url}/beta${path}`, init);
const json = { "Content-Type": "application/json" };
const body = (value) => ({ method: "POST", headers: json, body: JSON.stringify(value) });
const content = new BatchRequestContent([
  { id: "1", request: request(set, body({ id: "batched" })) },
  { id: "2", request: request(`${set}/batched`), dependsOn: ["1"] },
  { id: "3", request: request(`${set}/nothing`), dependsOn: ["2"] },
]);
const replies = new BatchResponseContent(await client.api("/$batch").post(await content.getContent()));
found.batch = await Promise.all(["1", "2", "3"].map(async (id) => {
  const reply = replies.getResponseById(id);
  const told = await reply.json();
  return [reply.status, told.id ?? told.error.code];
}));

try {
  await client.api(set).filter("nothing eq 1").get();
} catch (error) {
  found.error = { isGraphError: error instanceof GraphError, status: error.statusCode, code: error.code,
    requestId: error.requestId, message: error.message };
}
console.log(JSON.stringify(found));
