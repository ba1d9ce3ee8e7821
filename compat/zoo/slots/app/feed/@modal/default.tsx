export default function NoModal() {
  return <p>No modal</p>;
}
