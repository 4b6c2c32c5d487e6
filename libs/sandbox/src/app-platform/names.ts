export const roles = ['owner', 'admin', 'developer', 'viewer'];
export const people = ['Ada', 'Ben', 'Carla', 'Dmitri', 'Elif', 'Farid', 'Grace', 'Hana', 'Ivan', 'Julia'];
const brands = ['Harbour', 'Orchard', 'Meridian', 'Copper', 'Lantern', 'Willow', 'Summit', 'Juniper'];
const parts = ['Website', 'Checkout', 'Mobile API', 'Docs', 'Status Page', 'Intranet', 'Loyalty', 'Search'];
const squads = ['Storefront', 'Payments', 'Platform', 'Mobile', 'Data', 'Growth'];

export function nameOfProject(index: number): string {
  const brand = brands[index % brands.length];
  const part = parts[Math.floor(index / brands.length) % parts.length];
  const round = Math.floor(index / (brands.length * parts.length));
  return `${brand} ${part}${round === 0 ? '' : ` ${round + 1}`}`;
}

export function nameOfTeam(index: number): string {
  const round = Math.floor(index / squads.length);
  return `${squads[index % squads.length]}${round === 0 ? '' : ` ${round + 1}`}`;
}
