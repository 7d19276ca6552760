// Joins the three servers into one replica set and gives each service an account that reaches its
// own database only. Runs in mongosh, any number of times, to the same end.
const fs = require("fs");
const secret = (name) => fs.readFileSync(`/run/mongo/${name}`, "utf8").trim();
const hosts = ["mongo-1:27017", "mongo-2:27017", "mongo-3:27017"];
const root = `mongodb://root:${encodeURIComponent(secret("root_password"))}@`;

const first = new Mongo(`${root}${hosts[0]}/admin?directConnection=true`).getDB("admin");
try {
  first.runCommand({ replSetGetStatus: 1 });
} catch (problem) {
  if (problem.codeName !== "NotYetInitialized") throw problem;
  first.adminCommand({
    replSetInitiate: { _id: "rs0", members: hosts.map((host, _id) => ({ _id, host })) },
  });
}

const set = new Mongo(
  `${root}${hosts.join(",")}/admin?replicaSet=rs0&serverSelectionTimeoutMS=60000`,
);
for (const service of ["org_units", "member", "volunteer", "aggregator"]) {
  const database = set.getDB(service);
  const roles = ["readWrite", "dbAdmin"].map((role) => ({ role, db: service }));
  const account = { pwd: secret(`${service}_password`), roles };
  if (database.getUser(service) === null) {
    database.createUser({ user: service, ...account }, { w: "majority" });
  } else {
    database.updateUser(service, account, { w: "majority" });
  }
}
print("replica set rs0 is ready");
