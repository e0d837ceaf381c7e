// lane_counters: what a lane did since reset or the last clear. The counters wrap after 2^32.
`default_nettype none

module lane_counters (
  input  wire        clk_i,
  input  wire        rst_ni,     // asynchronous, active low

  input  wire        clear_i,    // wins over counting
  input  wire        busy_i,     // activations are offered, or the lane holds a beat or a sum
  input  wire        offered_i,  // a group of activations is offered
  input  wire        taken_i,    // and taken

  output wire [31:0] cycles_o,   // cycles with busy_i
  output wire [31:0] waits_o,    // cycles in which an offered group was not taken
  output wire [31:0] groups_o    // groups taken
);

  reg [31:0] cycles_q;
  reg [31:0] waits_q;
  reg [31:0] groups_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycles_q <= 32'd0;
      waits_q  <= 32'd0;
      groups_q <= 32'd0;
    end else if (clear_i) begin
      cycles_q <= 32'd0;
      waits_q  <= 32'd0;
      groups_q <= 32'd0;
    end else begin
      if (busy_i) cycles_q <= cycles_q + 32'd1;
      if (offered_i && !taken_i) waits_q <= waits_q + 32'd1;
      if (offered_i && taken_i) groups_q <= groups_q + 32'd1;
    end
  end

  assign cycles_o = cycles_q;
  assign waits_o  = waits_q;
  assign groups_o = groups_q;

endmodule

`default_nettype wire
