// window: the staging memory, one port for three users.
//
// The controller comes first and never waits. Of the host's two requests a write goes before a
// read, except right after a write, so that neither starves. The word read in one cycle stands on
// rdata_o in the next.
`default_nettype none

module window #(
  parameter integer WORDS = 65536,
  parameter integer WIDTH = $clog2(WORDS)  // of an address
) (
  input  wire             clk_i,
  input  wire             rst_ni,         // asynchronous, active low; the memory keeps its contents

  // Controller
  input  wire             core_en_i,
  input  wire             core_we_i,
  input  wire [WIDTH-1:0] core_addr_i,
  input  wire [31:0]      core_wdata_i,

  // Host
  input  wire             write_valid_i,
  output wire             write_ready_o,
  input  wire [WIDTH-1:0] write_addr_i,
  input  wire [31:0]      write_data_i,
  input  wire             read_valid_i,
  output wire             read_ready_o,
  input  wire [WIDTH-1:0] read_addr_i,

  output wire [31:0]      rdata_o
);

  reg        wrote_q;  // the host's last access was a write
  reg [31:0] memory_q [0:WORDS-1];
  reg [31:0] rdata_q;

  assign write_ready_o = !core_en_i && !(read_valid_i && wrote_q);
  assign read_ready_o  = !core_en_i && (!write_valid_i || wrote_q);

  wire             host_we = write_valid_i && write_ready_o;
  wire             host_re = read_valid_i && read_ready_o;
  wire             we      = core_en_i ? core_we_i : host_we;
  wire             re      = core_en_i ? !core_we_i : host_re;
  wire [WIDTH-1:0] addr    = core_en_i ? core_addr_i : host_we ? write_addr_i : read_addr_i;
  wire [31:0]      wdata   = core_en_i ? core_wdata_i : write_data_i;

  always @(posedge clk_i) begin
    if (we) memory_q[addr] <= wdata;
    if (re) rdata_q <= memory_q[addr];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) wrote_q <= 1'b0;
    else if (host_we) wrote_q <= 1'b1;
    else if (host_re) wrote_q <= 1'b0;
  end

  assign rdata_o = rdata_q;

endmodule

`default_nettype wire
