// window: the staging memory, with one port for the core and one for the host, so that the host
// fills and empties a part of it while the core works on another.
//
// A word read in one cycle stands on core_rdata_o or host_rdata_o in the next. The two ports must not
// meet at one word with a write among them: what is read or stays then depends on the block RAM. In
// simulation a read finds the old word, and of two writes the host's stays.
`default_nettype none

module window #(
  parameter integer WORDS = 65536,
  parameter integer WIDTH = $clog2(WORDS)  // of an address
) (
  input  wire             clk_i,

  // Core
  input  wire             core_en_i,
  input  wire             core_we_i,
  input  wire [WIDTH-1:0] core_addr_i,
  input  wire [31:0]      core_wdata_i,
  output wire [31:0]      core_rdata_o,

  // Host
  input  wire             host_en_i,
  input  wire             host_we_i,
  input  wire [WIDTH-1:0] host_addr_i,
  input  wire [31:0]      host_wdata_i,
  output wire [31:0]      host_rdata_o
);

  // Synthesis need not keep the order of accesses to one word at one edge.
  (* no_rw_check *) reg [31:0] memory_q [0:WORDS-1];
  reg [31:0] core_rdata_q;
  reg [31:0] host_rdata_q;

  always @(posedge clk_i) begin
    if (core_en_i) begin
      if (core_we_i) memory_q[core_addr_i] <= core_wdata_i;
      else core_rdata_q <= memory_q[core_addr_i];
    end
  end

  always @(posedge clk_i) begin
    if (host_en_i) begin
      if (host_we_i) memory_q[host_addr_i] <= host_wdata_i;
      else host_rdata_q <= memory_q[host_addr_i];
    end
  end

  assign core_rdata_o = core_rdata_q;
  assign host_rdata_o = host_rdata_q;

endmodule

`default_nettype wire
